//! The committed code and the macro's expansion of the same definition are one protocol: each calls the other over the
//! wire, by every shape of a method.

// Not a folder of the crate: the definition as the macro sees it, and what was generated from it.
#[path = "../src/generated/shop/mod.rs"]
mod committed;
#[path = "../src/shop.rpc.rs"]
#[allow(dead_code, unreachable_pub)]
mod expanded;

use rpcnet::{prelude::*, stream};

/// A server and calls of it, for one of the two: their types are different ones.
macro_rules! side {
    ($module:ident) => {
        use crate::$module::{Item, Shop, ShopClient, ShopError, ShopResult, ShopServer};

        struct Corner;

        impl Shop for Corner {
            async fn count(&self, name: String) -> ShopResult<u32> {
                Ok(u32::try_from(name.len()).unwrap_or_default())
            }

            async fn buy(&self, item: Item) -> ShopResult<Item> {
                if item.amount > 9 { Err(ShopError::SoldOut) } else { Ok(item) }
            }

            async fn shelves(&self) -> ShopResult<impl Stream<Item = ShopResult<Item>>> {
                Ok(stream::iter([Ok(Item::new("apple", 3)), Err(ShopError::SoldOut)]))
            }

            async fn deliver(&self, from: String, items: Streaming<Item>) -> ShopResult<u32> {
                let amounts = items.map(|item| item.map_or(0, |item| item.amount));
                Ok(amounts.fold(0, |sum, amount| async move { sum + amount }).await + from.len() as u32)
            }

            async fn ask(&self, names: Streaming<String>) -> ShopResult<impl Stream<Item = ShopResult<Item>>> {
                Ok(names.map(|name| name.map(|name| Item::new(&name, 1)).map_err(|_| ShopError::Interrupted)))
            }

            async fn open(&self) -> ShopResult<bool> {
                Ok(true)
            }
        }

        pub(crate) async fn serve() -> Server {
            let config = ServerConfig::development().build().expect("a configuration");
            Server::builder(config).service(ShopServer::new(Corner)).start().await.expect("a server")
        }

        pub(crate) async fn call(server: &Server) {
            let config = ClientConfig::development().build().expect("a configuration");
            let client = ShopClient::connect(server.local_addr(), config).await.expect("a connection");
            assert_eq!(client.count("apple".into()).await.expect("a count"), 5);
            assert_eq!(client.buy(Item::new("apple", 2)).await.expect("apples"), Item::new("apple", 2));
            let error = client.buy(Item::new("apple", 10)).await.err().and_then(CallError::application);
            assert_eq!(error, Some(ShopError::SoldOut));
            let shelves: Vec<_> = client.shelves().await.expect("shelves").collect().await;
            let [Ok(item), Err(CallError::Application(ShopError::SoldOut))] = &*shelves else { panic!("{shelves:?}") };
            assert_eq!(*item, Item::new("apple", 3));
            let items = stream::iter([Item::new("apple", 1), Item::new("pear", 2)]);
            assert_eq!(client.deliver("farm".into(), items).await.expect("a delivery"), 7);
            let asked = client.ask(stream::iter(["fig".to_owned()])).await.expect("answers");
            let answers: Vec<_> = asked.map(|answer| answer.expect("an answer")).collect().await;
            assert_eq!(answers, [Item::new("fig", 1)]);
            #[expect(deprecated, reason = "what is deprecated works")]
            let open = client.open().await;
            assert!(open.expect("an answer"));
        }
    };
}

mod by_macro {
    use super::*;
    side!(expanded);
}

mod by_files {
    use super::*;
    side!(committed);
}

#[tokio::test]
async fn a_client_from_the_macro_calls_a_server_from_the_files() {
    by_macro::call(&by_files::serve().await).await;
}

#[tokio::test]
async fn a_client_from_the_files_calls_a_server_from_the_macro() {
    by_files::call(&by_macro::serve().await).await;
}

#[test]
fn both_describe_the_service_alike() {
    assert_eq!(committed::ShopMethods::SERVICE, expanded::ShopMethods::SERVICE);
}
