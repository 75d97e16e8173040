// The macro writes `StockHandler`, `StockClient`, `StockServer` and `StockMethods` beside the trait `Stock`.
// Remedy: `#[rpcnet::service(handler = "ServesStock")]`, and `client`, `server` and `methods` likewise.

pub struct StockHandler;

#[rpcnet::service]
pub trait Stock {
    async fn count(&self) -> Result<u32, String>;
}

fn main() {}
