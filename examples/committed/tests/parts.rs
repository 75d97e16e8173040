//! A crate that only calls, or only serves, generates that half and takes the types from elsewhere: `--client-only` and
//! `--server-only`. The two halves are one protocol.

// The types that both share stand where each of the generated modules looks for them: here.
#[path = "../src/generated/shop/mod.rs"]
mod shop;

#[path = "parts/client/shop/mod.rs"]
mod caller;
#[path = "parts/server/shop/mod.rs"]
mod server;

use rpcnet::{InProcess, Streaming, prelude::Stream, stream};
use shop::{Item, ShopError, ShopResult};

struct Corner;

impl server::Shop for Corner {
    async fn count(&self, _name: String) -> ShopResult<u32> {
        Ok(3)
    }

    async fn buy(&self, _item: Item) -> ShopResult<Item> {
        Err(ShopError::SoldOut)
    }

    async fn shelves(&self) -> ShopResult<impl Stream<Item = ShopResult<Item>>> {
        Ok(stream::iter([Ok(Item::new("apple", 3))]))
    }

    async fn deliver(&self, _from: String, _items: Streaming<Item>) -> ShopResult<u32> {
        Ok(0)
    }

    async fn ask(&self, _names: Streaming<String>) -> ShopResult<impl Stream<Item = ShopResult<Item>>> {
        Ok(stream::empty())
    }

    async fn open(&self) -> ShopResult<bool> {
        Ok(true)
    }
}

#[tokio::test]
async fn a_client_and_a_server_that_were_generated_apart_understand_each_other() {
    let client = caller::ShopClient::new(InProcess::new(server::ShopServer::new(Corner)));
    assert_eq!(client.count("apple".into()).await.expect("a count"), 3);
    let error = client.buy(Item::new("apple", 4)).await.err().and_then(rpcnet::CallError::application);
    assert_eq!(error, Some(ShopError::SoldOut));
    assert_eq!(caller::ShopMethods::SERVICE, server::ShopMethods::SERVICE);
}
