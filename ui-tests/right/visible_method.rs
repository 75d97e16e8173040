#[rpcnet::service]
pub trait Greeting {
    /// Greets.
    async fn greet(&self, name: String) -> Result<String, String>;
}
