#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct GreetingError;

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, GreetingError>;
}
