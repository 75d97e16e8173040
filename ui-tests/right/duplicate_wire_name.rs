#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
    #[rpc(rename = "greet2")]
    async fn welcome(&self, name: String) -> Result<String, String>;
}
