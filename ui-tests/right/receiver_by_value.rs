#[rpcnet::service]
pub trait Greeting {
    async fn consume(&self) -> Result<(), String>;
    async fn change(&self) -> Result<(), String>;
    async fn share(&self) -> Result<(), String>;
    async fn borrow(&self) -> Result<(), String>;
}
