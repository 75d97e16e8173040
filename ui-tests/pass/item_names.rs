//! A crate that has items with the names of the generated ones gives those other names.
#![deny(warnings)]

pub struct StockClient;
pub struct StockHandler;
pub struct StockMethods;
pub struct StockServer;

#[rpcnet::service(client = "Shopper", server = "Shop", handler = "ServesStock", methods = "Table", name = "shop.Stock")]
pub trait Stock {
    async fn count(&self) -> Result<u32, String>;
}

struct Empty;

impl ServesStock for Empty {
    async fn count(&self) -> Result<u32, String> {
        Ok(0)
    }
}

fn main() {
    let _client = Shopper::new(rpcnet::InProcess::new(Shop::new(Empty)));
    assert_eq!(Table::SERVICE.name(), "shop.Stock");
    let _ = (StockClient, StockHandler, StockMethods, StockServer);
}
