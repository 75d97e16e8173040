// The macro puts `StockHandler`, `StockClient`, `StockServer` and `StockMethods` beside the trait `Stock`, most of them
// by an import: that is the one that rustc would give another name by `as`.
// Remedy: rename your own item, or the generated one by `server = ".."`; `client`, `handler` and `methods` likewise.

#[rpcnet::service]
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

fn main() {}
