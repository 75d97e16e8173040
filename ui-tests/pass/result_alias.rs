//! A method may return an alias of `Result`: which types it stands for is read from the type, not from its name.
#![deny(warnings)]

type Answer<T> = Result<T, String>;

mod shop {
    pub type Total = std::result::Result<u32, String>;
}

#[rpcnet::service]
pub trait Stock {
    async fn count(&self, item: String) -> Answer<u32>;
    async fn total(&self) -> shop::Total;
}

struct Empty;

impl Stock for Empty {
    async fn count(&self, item: String) -> Answer<u32> {
        Err(format!("no {item}"))
    }

    async fn total(&self) -> shop::Total {
        Ok(0)
    }
}

#[allow(unused)]
async fn the_client_returns_the_aliased_types(client: StockClient) {
    let count: Result<u32, rpcnet::CallError<String>> = client.count("bolt".to_owned()).await;
    let total: Result<u32, rpcnet::CallError<String>> = client.total().await;
}

fn main() {
    let _server = StockServer::new(Empty);
}
