#[derive(serde::Serialize, serde::Deserialize)]
pub struct Request {
    pub name: String,
}

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, request: Request) -> Result<String, String>;
}
