#[rpcnet::service]
pub trait Greeting {
    async fn put_name(&self, value: String) -> Result<(), String>;
    async fn put_age(&self, value: u8) -> Result<(), String>;
    async fn get(&self) -> Result<(), String>;
}
