#[derive(serde::Serialize, serde::Deserialize)]
pub struct Name(pub String);

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: Name) -> Result<String, String>;
}
