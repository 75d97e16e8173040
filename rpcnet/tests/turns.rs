//! A connection that may have one call at a time: whoever has its answer has its turn again.

mod common;

use bytes::Bytes;
use common::{development, raw_client};
use rpcnet::{prelude::*, stream};

const CALLS: usize = 300;

/// Too large for a lane.
const LARGE: usize = 100_000;

async fn server() -> (Server, Client) {
    let server = Server::builder(development().with_calls_per_connection_max(1).build().expect("valid"))
        .register("produce", |_| async move { Ok(vec![7_u8; LARGE]) })
        .register("count", |bytes| async move {
            tokio::task::yield_now().await;
            Ok(bytes.len().to_string())
        })
        .register_streaming("echo", |requests| async move { Ok(requests) })
        .start()
        .await
        .expect("a free port");
    let client = raw_client(&server).await;
    (server, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_large_answer_gives_its_turn_back_before_it_is_there() {
    let (_server, client) = server().await;
    for call in 0..CALLS {
        let answer = client.call("produce", "").await;
        assert_eq!(answer.unwrap_or_else(|error| panic!("call {call}: {error}")).len(), LARGE);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_answer_to_a_large_request_gives_its_turn_back_before_it_is_there() {
    let (_server, client) = server().await;
    for call in 0..CALLS {
        let answer = client.call("count", Bytes::from_static(&[5; LARGE])).await;
        assert_eq!(answer.unwrap_or_else(|error| panic!("call {call}: {error}")), LARGE.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_gives_its_turn_back_before_its_end_is_there() {
    let (_server, client) = server().await;
    for call in 0..CALLS {
        let echo = client.call_streaming("echo", stream::iter([Bytes::from("a")])).await;
        let items = echo.unwrap_or_else(|error| panic!("call {call}: {error}")).collect::<Vec<_>>().await;
        assert!(matches!(items[..], [Ok(_)]), "call {call}: {items:?}");
    }
}
