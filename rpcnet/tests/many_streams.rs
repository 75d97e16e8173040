//! However a call ends, it gives the stream back that it took: a connection may have [`STREAMS_MAX`] open at a time, and has as
//! many as it likes one after another.

mod common;

use std::{future::pending, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use common::{development, raw_client};
use futures::poll;
use rpcnet::{prelude::*, stream};
use tokio::sync::Semaphore;

/// More than a connection may have open.
const MANY: usize = STREAMS_MAX + 100;
const STREAMS_MAX: usize = 1024;

/// Too large for a lane.
const LARGE: usize = 100_000;

/// A server's only client.
struct Peer {
    client: Client,
    /// Has a permit for each handler that has run, of those that tests give up.
    ran: Arc<Semaphore>,
}

async fn server() -> (Server, Peer) {
    let ran = Arc::new(Semaphore::new(0));
    let [waited, produced, listened] = [0; 3].map(|_| Arc::clone(&ran));
    let server = Server::builder(development().build().expect("valid"))
        .register("count", |bytes| async move { Ok(bytes.len().to_string()) })
        .register("produce", move |_| {
            produced.add_permits(1);
            async move { Ok(vec![7_u8; LARGE]) }
        })
        .register("refuse", |_| async move { Err::<Bytes, _>(RpcError::application("no")) })
        .register("wait", move |_| {
            waited.add_permits(1);
            pending::<Result<Bytes, RpcError>>()
        })
        .register("who", |_| async move { Ok(caller()) })
        .register_streaming("echo", |requests| async move { Ok(requests) })
        .register_streaming("listen", move |_| {
            listened.add_permits(1);
            pending::<Result<stream::Empty<Result<Bytes, RpcError>>, RpcError>>()
        })
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
    (server, Peer { client, ran })
}

fn large() -> Bytes {
    Bytes::from_static(&[5; LARGE])
}

/// Who calls: another address for each connection.
fn caller() -> String {
    format!("{:?}", Context::current().and_then(|context| context.peer_addr()))
}

/// Has calls end in one way, and then asks whether the connection still carries some.
async fn there_are_streams_after(end: impl AsyncFn(&Peer)) {
    let (_server, peer) = server().await;
    let client = &peer.client;
    let connection = client.call("who", "").await.expect("an answer");
    for call in 0..MANY {
        soon(call, end(&peer)).await;
    }
    assert_eq!(peer.client.call("who", "").await.expect("an answer"), connection, "it is the same connection");
    assert_eq!(soon(MANY, client.call("count", large())).await.expect("an answer"), "100000");
    assert_eq!(soon(MANY, client.call("produce", "")).await.expect("an answer").len(), LARGE);
    let echo = soon(MANY, client.call_streaming("echo", stream::iter([large()]))).await.expect("it begins");
    assert_eq!(soon(MANY, echo.map(|item| item.expect("an item").len()).collect::<Vec<_>>()).await, [LARGE]);
}

async fn soon<T>(call: usize, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.unwrap_or_else(|_| panic!("call {call} hangs"))
}

impl Peer {
    /// Drops `call` when its handler has run, or some turns of this thread later.
    async fn give_up(&self, call: impl Future, turns: usize) {
        let mut call = pin!(call);
        tokio::select! {
            biased;
            ran = self.ran.acquire() => ran.expect("open").forget(),
            _ = &mut call => panic!("the call ended before its handler ran"),
        }
        for _ in 0..turns {
            tokio::task::yield_now().await;
            if poll!(&mut call).is_ready() {
                return;
            }
        }
    }
}

#[tokio::test]
async fn large_requests_give_their_streams_back() {
    there_are_streams_after(async |peer| {
        assert_eq!(peer.client.call("count", large()).await.expect("an answer"), "100000");
    })
    .await;
}

#[tokio::test]
async fn large_answers_give_their_streams_back() {
    there_are_streams_after(async |peer| {
        assert_eq!(peer.client.call("produce", "").await.expect("an answer").len(), LARGE);
    })
    .await;
}

#[tokio::test]
async fn large_requests_that_get_an_error_give_their_streams_back() {
    there_are_streams_after(async |peer| {
        assert_eq!(peer.client.call("refuse", large()).await.expect_err("refused").body(), "no");
    })
    .await;
}

#[tokio::test]
async fn large_requests_that_nobody_takes_give_their_streams_back() {
    there_are_streams_after(async |peer| {
        let error = peer.client.call("nobody's", large()).await.expect_err("there is no such method");
        assert_eq!(error.kind(), ErrorKind::UnknownMethod);
    })
    .await;
}

#[tokio::test]
async fn large_requests_that_are_given_up_give_their_streams_back() {
    there_are_streams_after(async |peer| {
        let mut sent = pin!(peer.client.call("count", large()));
        assert!(poll!(&mut sent).is_pending());
    })
    .await;
}

#[tokio::test]
async fn large_requests_that_are_given_up_while_they_are_served_give_their_streams_back() {
    there_are_streams_after(async |peer| peer.give_up(peer.client.call("wait", large()), 0).await).await;
}

#[tokio::test]
async fn large_answers_that_are_given_up_give_their_streams_back() {
    there_are_streams_after(async |peer| {
        for turns in 0..6 {
            peer.give_up(peer.client.call("produce", ""), turns).await;
            peer.give_up(peer.client.call("produce", large()), turns).await;
        }
    })
    .await;
}

#[tokio::test]
async fn streams_that_end_are_given_back() {
    there_are_streams_after(async |peer| {
        let echo = peer.client.call_streaming("echo", stream::iter(["a".into(), "b".into()])).await.expect("it begins");
        assert_eq!(echo.count().await, 2);
    })
    .await;
}

#[tokio::test]
async fn streams_that_are_refused_are_given_back() {
    there_are_streams_after(async |peer| {
        let error = peer.client.call_server_streaming("refuse to stream", "").await.expect_err("refused");
        assert_eq!(error.body(), "no");
    })
    .await;
}

#[tokio::test]
async fn streams_that_nobody_reads_on_are_given_back() {
    there_are_streams_after(async |peer| {
        let mut endless = peer.client.call_server_streaming("endless", "").await.expect("it begins");
        endless.next().await.expect("endless").expect("an item");
    })
    .await;
}

#[tokio::test]
async fn streams_whose_requests_are_given_up_are_given_back() {
    there_are_streams_after(async |peer| {
        let requests = stream::iter([Bytes::from("a")]).chain(stream::pending());
        peer.give_up(peer.client.call_client_streaming("listen", requests), 0).await;
    })
    .await;
}

/// A client that has all of an answer reads no more of its stream, which may be before the server has ended it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_is_whole_when_its_message_is() {
    let (_server, peer) = server().await;
    let callers = (0..64).map(|_| {
        let client = peer.client.clone();
        tokio::spawn(async move {
            for call in 0..200 {
                let answer = soon(call, client.call("produce", "")).await;
                assert_eq!(answer.expect("an answer").len(), LARGE);
            }
        })
    });
    futures::future::try_join_all(callers).await.expect("no caller fails");
}
