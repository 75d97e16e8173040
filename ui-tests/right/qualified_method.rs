#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
    async fn wave(&self) -> Result<(), String>;
    async fn name(&self) -> Result<String, String>;
    async fn sum(&self, numbers: Vec<u64>) -> Result<u64, String>;
}
