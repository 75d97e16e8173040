#[rpcnet::service]
pub trait Greeting {
    async fn name(&self) -> Result<String, String>;
    async fn all(&self) -> Result<Vec<std::borrow::Cow<'static, str>>, String>;
    async fn show(&self) -> Result<String, String>;
}
