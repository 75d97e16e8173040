#[derive(serde::Serialize, serde::Deserialize)]
pub struct Name(pub String);

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: Name, times: u32) -> Result<String, String>;
}
