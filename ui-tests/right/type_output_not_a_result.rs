#[derive(serde::Serialize, serde::Deserialize)]
pub struct Reply(String);

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<Reply, String>;
}
