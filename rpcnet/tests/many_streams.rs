//! However a call ends, it gives the stream back that it took: a connection may have [`STREAMS_MAX`] open at a time, and has as
//! many as it likes one after another.

mod common;

use std::{future::pending, pin::pin, time::Duration};

use bytes::Bytes;
use common::{development, raw_client};
use futures::poll;
use rpcnet::{prelude::*, stream};

/// More than a connection may have open.
const MANY: usize = STREAMS_MAX + 100;
const STREAMS_MAX: usize = 1024;

/// Too large for a lane.
const LARGE: usize = 100_000;

async fn server() -> (Server, Client) {
    let server = Server::builder(development().build().expect("valid"))
        .register("count", |bytes| async move { Ok(bytes.len().to_string()) })
        .register("produce", |_| async move { Ok(vec![7_u8; LARGE]) })
        .register("refuse", |_| async move { Err::<Bytes, _>(RpcError::application("no")) })
        .register("wait", |_| pending::<Result<Bytes, RpcError>>())
        .register_streaming("echo", |requests| async move { Ok(requests) })
        .register_streaming("endless", |_| async move {
            Ok(stream::repeat(()).map(|()| Ok(Bytes::from_static(&[7; 1000]))))
        })
        .register_streaming("refuse to stream", |_| async move {
            Err::<stream::Empty<Result<Bytes, RpcError>>, _>(RpcError::application("no"))
        })
        .start()
        .await
        .expect("a free port");
    let client = raw_client(&server).await;
    (server, client)
}

fn large() -> Bytes {
    Bytes::from_static(&[5; LARGE])
}

/// Has calls end in one way, and then asks whether the connection still carries some.
async fn there_are_streams_after(end: impl AsyncFn(&Client)) {
    let (_server, client) = server().await;
    for call in 0..MANY {
        soon(call, end(&client)).await;
    }
    assert_eq!(soon(MANY, client.call("count", large())).await.expect("an answer"), "100000");
    assert_eq!(soon(MANY, client.call("produce", "")).await.expect("an answer").len(), LARGE);
    let echo = soon(MANY, client.call_streaming("echo", stream::iter([large()]))).await.expect("it begins");
    assert_eq!(soon(MANY, echo.map(|item| item.expect("an item").len()).collect::<Vec<_>>()).await, [LARGE]);
}

async fn soon<T>(call: usize, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.unwrap_or_else(|_| panic!("call {call} hangs"))
}

/// Polls `call` until the server may have got to know it, in one state or another, and drops it.
async fn gives_up<T>(call: impl Future<Output = T>, after_turns: usize) {
    let mut call = pin!(call);
    for _ in 0..after_turns {
        if poll!(&mut call).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn large_requests_give_their_streams_back() {
    there_are_streams_after(async |client| {
        assert_eq!(client.call("count", large()).await.expect("an answer"), "100000");
    })
    .await;
}

#[tokio::test]
async fn large_answers_give_their_streams_back() {
    there_are_streams_after(async |client| {
        assert_eq!(client.call("produce", "").await.expect("an answer").len(), LARGE);
    })
    .await;
}

#[tokio::test]
async fn large_requests_that_get_an_error_give_their_streams_back() {
    there_are_streams_after(async |client| {
        assert_eq!(client.call("refuse", large()).await.expect_err("refused").body(), "no");
    })
    .await;
}

#[tokio::test]
async fn large_requests_that_nobody_takes_give_their_streams_back() {
    there_are_streams_after(async |client| {
        let error = client.call("nobody's", large()).await.expect_err("there is no such method");
        assert_eq!(error.kind(), ErrorKind::UnknownMethod);
    })
    .await;
}

#[tokio::test]
async fn large_requests_that_are_given_up_give_their_streams_back() {
    there_are_streams_after(async |client| {
        gives_up(client.call("wait", large()), 1).await;
        gives_up(client.call("wait", large()), 20).await;
    })
    .await;
}

#[tokio::test]
async fn large_answers_that_are_given_up_give_their_streams_back() {
    there_are_streams_after(async |client| {
        for turns in [2, 5, 10, 20] {
            gives_up(client.call("produce", ""), turns).await;
            gives_up(client.call("produce", large()), turns).await;
        }
    })
    .await;
}

#[tokio::test]
async fn streams_that_end_are_given_back() {
    there_are_streams_after(async |client| {
        let echo = client.call_streaming("echo", stream::iter(["a".into(), "b".into()])).await.expect("it begins");
        assert_eq!(echo.count().await, 2);
    })
    .await;
}

#[tokio::test]
async fn streams_that_are_refused_are_given_back() {
    there_are_streams_after(async |client| {
        let error = client.call_server_streaming("refuse to stream", "").await.expect_err("refused");
        assert_eq!(error.body(), "no");
    })
    .await;
}

#[tokio::test]
async fn streams_that_nobody_reads_on_are_given_back() {
    there_are_streams_after(async |client| {
        let mut endless = client.call_server_streaming("endless", "").await.expect("it begins");
        endless.next().await.expect("endless").expect("an item");
    })
    .await;
}

#[tokio::test]
async fn streams_whose_requests_are_given_up_are_given_back() {
    there_are_streams_after(async |client| {
        let requests = stream::iter([Bytes::from("a")]).chain(stream::pending());
        gives_up(client.call_client_streaming("echo", requests), 20).await;
    })
    .await;
}

/// A client that has all of an answer reads no more of its stream, which may be before the server has ended it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_is_whole_when_its_message_is() {
    let (_server, client) = server().await;
    let callers = (0..64).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            for call in 0..200 {
                let answer = soon(call, client.call("produce", "")).await;
                assert_eq!(answer.expect("an answer").len(), LARGE);
            }
        })
    });
    futures::future::try_join_all(callers).await.expect("no caller fails");
}
