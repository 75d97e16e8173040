#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<(), String>;
    async fn sum(&self, numbers: Vec<u64>) -> Result<u64, String>;
    async fn print(&self, text: std::borrow::Cow<'static, str>) -> Result<(), String>;
    async fn show(&self, item: String) -> Result<(), String>;
}
