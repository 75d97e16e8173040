#[rpcnet::service(client = "StockCaller", server = "StockKeeper", handler = "KeepsStock")]
pub trait Stock {
    async fn count(&self) -> Result<u32, String>;
}
