#[rpcnet::service]
pub trait Clock {
    #[rpc(deadline = "5m")]
    async fn unit(&self) -> Result<(), String>;
    #[rpc(deadline = "5s")]
    async fn no_unit(&self) -> Result<(), String>;
    #[rpc(deadline = "2500ms")]
    async fn fraction(&self) -> Result<(), String>;
    #[rpc(deadline = "1s")]
    async fn word(&self) -> Result<(), String>;
    #[rpc(deadline = "1us")]
    async fn nothing(&self) -> Result<(), String>;
    #[rpc(deadline = "8760h")]
    async fn forever(&self) -> Result<(), String>;
}
