//! What travels beside calls, and what handlers hand on.

mod common;

use std::time::Duration;

use common::development;
use rpcnet::{AnswerMetadata, Metadata, prelude::*, stream};

/// Servers that call each other.
#[rpcnet::service]
pub trait Relay {
    /// The tenant, as the last of so many servers sees it.
    async fn tenant(&self, hops: u32) -> Result<Option<String>, String>;
    /// The same, asked on a task that the handler spawns, or asked as if by nobody.
    async fn tenant_apart(&self, detached: bool) -> Result<Option<String>, String>;
    /// The tenant, as a stream of one item.
    async fn stream_tenant(&self) -> Result<impl Stream<Item = Result<String, String>>, String>;
    /// How many items there were.
    async fn count(&self, items: Streaming<u32>) -> Result<u64, String>;
    /// The tenant as an error.
    async fn fail(&self) -> Result<(), String>;
    /// The time left in milliseconds, seen on the other side of a call that has ten seconds of its own.
    async fn time_left(&self, hops: u32, detached: bool) -> Result<u128, String>;
}

/// Calls itself over the network, as if it were the next of many.
struct MyRelay {
    next: tokio::sync::OnceCell<RelayClient>,
}

impl MyRelay {
    fn next(&self) -> &RelayClient {
        self.next.get().expect("set before the first call")
    }
}

fn tenant() -> Option<String> {
    let context = Context::current()?;
    context.answer_with("hop", "last").expect("a good name");
    context.metadata().text("tenant").map(str::to_owned)
}

impl Relay for MyRelay {
    async fn tenant(&self, hops: u32) -> Result<Option<String>, String> {
        match hops {
            0 => Ok(tenant()),
            _ => self.next().tenant(hops - 1).await.map_err(|error| error.to_string()),
        }
    }

    async fn tenant_apart(&self, detached: bool) -> Result<Option<String>, String> {
        let call = self.next().tenant(0);
        let answer = match detached {
            true => Context::detached(call).await,
            false => {
                let context = Context::current().expect("a handler's");
                tokio::spawn(context.scope(call)).await.expect("it does not panic")
            }
        };
        answer.map_err(|error| error.to_string())
    }

    /// The tenant, as a stream of one item.
    async fn stream_tenant(&self) -> Result<impl Stream<Item = Result<String, String>>, String> {
        Ok(stream::iter(tenant().map(Ok)))
    }

    /// How many items there were.
    async fn count(&self, items: Streaming<u32>) -> Result<u64, String> {
        let count = items.count().await;
        tenant();
        Ok(count as u64)
    }

    /// The tenant as an error.
    async fn fail(&self) -> Result<(), String> {
        Err(tenant().unwrap_or_default())
    }

    async fn time_left(&self, hops: u32, detached: bool) -> Result<u128, String> {
        if hops == 0 {
            let left = Context::current().and_then(|context| context.time_left());
            return left.map(|left| left.as_millis()).ok_or_else(|| "no deadline".to_owned());
        }
        let next = self.next().with_deadline(Duration::from_secs(10));
        let call = next.time_left(hops - 1, detached);
        let answer = if detached { Context::detached(call).await } else { call.await };
        answer.map_err(|error| error.to_string())
    }
}

async fn relay() -> (Server, RelayClient) {
    let handler = std::sync::Arc::new(MyRelay { next: tokio::sync::OnceCell::new() });
    let server = Server::builder(development().build().expect("valid"))
        .service(RelayServer::from_arc(std::sync::Arc::clone(&handler)))
        .start()
        .await
        .expect("a free port");
    let client = RelayClient::new(common::raw_client(&server).await);
    assert!(handler.next.set(client.clone()).is_ok());
    (server, client)
}

fn blue() -> Metadata {
    let mut metadata = Metadata::new();
    metadata.insert("tenant", "blue").expect("a good name");
    metadata
}

#[tokio::test]
async fn metadata_is_handed_on_by_the_calls_that_a_handler_makes() {
    let (_server, client) = relay().await;
    let client = client.with_metadata(blue());
    for hops in [0, 1, 3] {
        assert_eq!(client.tenant(hops).await.expect("answered").as_deref(), Some("blue"), "{hops} hops");
    }
    assert_eq!(client.with_metadata(Metadata::new()).tenant(1).await.expect("answered"), None);
}

#[tokio::test]
async fn a_task_takes_the_context_along_if_it_is_told_to_and_a_detached_call_leaves_it_behind() {
    let (_server, client) = relay().await;
    let client = client.with_metadata(blue());
    assert_eq!(client.tenant_apart(false).await.expect("answered").as_deref(), Some("blue"));
    assert_eq!(client.tenant_apart(true).await.expect("answered"), None);
}

#[tokio::test]
async fn answers_of_every_shape_and_errors_bring_metadata_back() {
    let (_server, client) = relay().await;
    let answered = AnswerMetadata::new();
    let client = client.with_metadata(blue()).with_answer_metadata(&answered);
    let took = || answered.get().text("hop").map(str::to_owned);
    client.tenant(0).await.expect("answered");
    assert_eq!(took().as_deref(), Some("last"));
    client.time_left(0, false).await.expect("answered");
    assert_eq!(took(), None, "each answer replaces the one before");
    let mut items = client.stream_tenant().await.expect("begins");
    assert_eq!(took().as_deref(), Some("last"));
    assert_eq!(items.next().await.expect("an item").expect("the tenant"), "blue");
    client.time_left(0, false).await.expect("answered");
    assert_eq!(client.count(stream::iter(0..10)).await.expect("answered"), 10);
    assert_eq!(took().as_deref(), Some("last"));
    client.fail().await.expect_err("it always does");
    assert_eq!(took().as_deref(), Some("last"));
    client.tenant(1).await.expect("answered");
    assert_eq!(took(), None, "what the last of two servers says is for the first of them");
}

#[tokio::test]
async fn metadata_may_be_as_large_as_it_is_allowed_to_and_no_larger() {
    let (_server, client) = relay().await;
    let mut large = Metadata::new();
    large.insert("a", vec![0; Metadata::BYTES_MAX - 10]).expect("fits");
    assert_eq!(client.with_metadata(large.clone()).tenant(0).await.expect("answered"), None);
    let error = large.insert("b", vec![0; 1000]).expect_err("too much");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Configuration, Executed::No));
}

#[tokio::test]
async fn a_nested_call_has_the_shorter_of_both_deadlines_unless_it_is_detached() {
    let (_server, client) = relay().await;
    let client = client.with_deadline(Duration::from_secs(5));
    assert!(client.time_left(1, false).await.expect("answered") <= 5_000);
    assert!(client.time_left(1, true).await.expect("answered") > 5_000);
    let client = client.with_deadline(Duration::from_secs(60));
    assert!(client.time_left(1, false).await.expect("answered") <= 10_000);
}
