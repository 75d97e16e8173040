#[rpcnet::service(name = "shop.Orders")]
pub trait Orders {
    #[rpc(idempotent, deadline = "2s")]
    async fn count(&self) -> Result<u64, String>;
}
