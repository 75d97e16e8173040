#[rpcnet::service(name = "shop.Orders")]
pub trait Orders {
    #[rpc(deadline = "250ms")]
    async fn count(&self) -> Result<u64, String>;
    #[rpc(deadline = "2s")]
    async fn total(&self) -> Result<u64, String>;
    #[rpc(idempotent)]
    async fn first(&self) -> Result<u64, String>;
    #[rpc(no_cancel)]
    async fn last(&self) -> Result<u64, String>;
    #[rpc(rename = "lastOrder")]
    async fn next(&self) -> Result<u64, String>;
}
