#[rpcnet::service]
pub trait Greeting {
    #[rpc(rename = "new")]
    async fn create(&self) -> Result<(), String>;
    #[rpc(rename = "connect")]
    async fn join(&self) -> Result<(), String>;
    #[rpc(rename = "with_deadline")]
    async fn in_time(&self) -> Result<(), String>;
    #[rpc(rename = "SERVICE")]
    async fn service(&self) -> Result<(), String>;
}
