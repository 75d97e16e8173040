#[derive(Clone, Debug)]
pub struct StockClient {
    pub counted: u32,
}

#[rpcnet::service]
pub trait Stock {
    async fn count(&self, shelf: u32) -> Result<u32, String>;
}

fn main() {}
