//! A service whose generated code is committed, to be read and stepped through: `rpcnet-gen` wrote `generated/` from
//! `shop.rpc.rs`, and `rpcnet-gen --check` keeps it from growing stale.
//!
//! ```text
//! rpcnet-gen --input src/shop.rpc.rs --output src/generated
//! ```

#[path = "generated/shop/mod.rs"]
mod shop;
mod stock;

use rpcnet::{prelude::*, stream};
use shop::{Item, ShopClient, ShopServer};
use stock::Stock;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ServerConfig::development().build()?;
    let server = Server::builder(config).service(ShopServer::new(Stock::default())).start().await?;

    let client = ShopClient::connect(server.local_addr(), ClientConfig::development().build()?).await?;
    let delivery = [Item::new("apple", 12), Item::new("pear", 3)];
    client.deliver("the farm".into(), stream::iter(delivery)).await?;
    client.buy(Item::new("apple", 2)).await?;

    let mut shelves = client.shelves().await?;
    while let Some(item) = shelves.next().await {
        let Item { name, amount } = item?;
        say(&format!("{amount} of {name}"));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what an example shows")]
fn say(line: &str) {
    println!("{line}");
}
