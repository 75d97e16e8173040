#[rpcnet::service]
pub trait Greeting {
    async fn sum(&self, numbers: Vec<u64>) -> Result<u64, String>;
}
