#[rpcnet::service(server = "ServeStock")]
pub trait Stock {
    async fn count(&self) -> Result<u32, String>;
}

#[derive(Clone, Debug)]
pub struct StockServer {
    counted: u32,
}

impl Stock for StockServer {
    async fn count(&self) -> Result<u32, String> {
        Ok(self.counted)
    }
}

pub fn serve() -> ServeStock<StockServer> {
    ServeStock::new(StockServer { counted: 0 })
}
