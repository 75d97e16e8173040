#[rpcnet::service(name = "shop.Orders")]
pub trait Orders {
    #[rpc(deadline = "2s")]
    async fn count(&self) -> Result<u64, String>;
    async fn total(&self) -> Result<u64, String>;
    #[rpc(idempotent)]
    async fn first(&self) -> Result<u64, String>;
}
