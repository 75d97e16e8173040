pub struct StockHandler;

#[rpcnet::service(handler = "ServesStock")]
pub trait Stock {
    async fn count(&self) -> Result<u32, String>;
}
