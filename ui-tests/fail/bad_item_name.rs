// The names of generated items are names of items.
// Remedy: write a name, as in `client = "StockClient2"`.

#[rpcnet::service(client = "shop::Stock", server = 3, handler = "fn")]
pub trait Stock {
    async fn count(&self) -> Result<u32, String>;
}

fn main() {}
