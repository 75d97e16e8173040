#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
    async fn greet_formally(&self, first: String, last: String) -> Result<String, String>;
}
