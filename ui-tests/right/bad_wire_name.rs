#[rpcnet::service(name = "shop.orders")]
pub trait Orders {
    #[rpc(rename = "orders-count")]
    async fn count(&self) -> Result<u64, String>;
    #[rpc(rename = "sum")]
    async fn total(&self) -> Result<u64, String>;
}
