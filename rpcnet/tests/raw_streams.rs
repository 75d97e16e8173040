//! Streams of raw bytes, over a real connection.

mod common;

use bytes::Bytes;
use common::{development, raw_client};
use rpcnet::{prelude::*, stream};

async fn server() -> (Server, Client) {
    let server = Server::builder(development().build().expect("valid"))
        .register_streaming("echo", |requests| async move { Ok(requests) })
        .register_streaming("count", |mut requests: Streaming<Bytes>| async move {
            let mut bytes = 0_u64;
            while let Some(request) = requests.next().await {
                bytes += request?.len() as u64;
            }
            Ok(stream::iter([Ok(Bytes::from(bytes.to_string()))]))
        })
        .register_streaming("numbers", |mut requests: Streaming<Bytes>| async move {
            let first = requests.next().await.expect("one request")?;
            let below: u32 = std::str::from_utf8(&first).expect("text").parse().expect("a number");
            Ok(stream::iter((0..below).map(|number| Ok(Bytes::from(number.to_string())))))
        })
        .register_streaming("refuse", |_| async move {
            Err::<stream::Empty<Result<Bytes, RpcError>>, _>(RpcError::application("no"))
        })
        .register_streaming("half", |_| async move {
            Ok(stream::iter([Ok("one".into()), Err(RpcError::application("two failed"))]))
        })
        .start()
        .await
        .expect("a free port");
    let client = raw_client(&server).await;
    (server, client)
}

fn messages(count: usize, length: usize) -> Vec<Bytes> {
    (0..count).map(|at| Bytes::from(vec![at as u8; length])).collect()
}

async fn collect(answer: rpcnet::RawResponseStream) -> Vec<Bytes> {
    answer.map(|item| item.expect("an item")).collect().await
}

#[tokio::test]
async fn messages_of_any_size_come_back_whole_and_in_order() {
    let (_server, client) = server().await;
    for (count, length) in [(0, 0), (1, 0), (3, 0), (10_000, 10), (100, 5_000), (20, 200_000), (2, 3_000_000)] {
        let sent = messages(count, length);
        let answer = client.call_streaming("echo", stream::iter(sent.clone())).await.expect("it begins");
        assert_eq!(collect(answer).await, sent, "{count} of {length} bytes");
    }
}

#[tokio::test]
async fn one_message_each_way_is_a_stream_too() {
    let (_server, client) = server().await;
    let counted = client.call_client_streaming("count", stream::iter(messages(100, 1000))).await.expect("counted");
    assert_eq!(counted, "100000");
    let numbers = collect(client.call_server_streaming("numbers", "100000").await.expect("it begins")).await;
    assert_eq!((numbers.len(), &numbers[99_999]), (100_000, &Bytes::from("99999")));
}

#[tokio::test]
async fn a_handlers_error_is_told_whenever_it_comes() {
    let (_server, client) = server().await;
    let error = client.call_server_streaming("refuse", "").await.expect_err("refused");
    assert_eq!((error.kind(), &error.body()[..]), (ErrorKind::Application, &b"no"[..]));
    let mut answer = client.call_server_streaming("half", "").await.expect("it begins");
    assert_eq!(answer.next().await.expect("an item").expect("the first"), "one");
    let error = answer.next().await.expect("an end that is told").expect_err("the second failed");
    assert_eq!(error.body(), "two failed");
    assert!(answer.next().await.is_none());
}

#[tokio::test]
async fn a_method_that_streams_is_no_unary_one_nor_the_reverse() {
    let (_server, client) = server().await;
    let error = client.call("echo", "").await.expect_err("it streams");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Serialization, Executed::No));
    let error = client.call_server_streaming("nothing", "").await.expect_err("there is no such method");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::UnknownMethod, Executed::No));
}

#[tokio::test]
async fn requests_that_fail_cancel_the_call_and_say_why() {
    let (_server, client) = server().await;
    let requests = || {
        let items = vec![Ok(Bytes::from("one")), Err("the disk failed")];
        rpcnet::fallible(stream::iter(items).chain(stream::pending()))
    };
    let error = client.call_client_streaming("count", requests()).await.expect_err("given up");
    assert!(error.kind() == ErrorKind::Cancelled && error.to_string().contains("the disk failed"), "{error}");
    let answer = client.call_streaming("echo", requests()).await;
    let error = match answer {
        Ok(answer) => answer.filter_map(|item| std::future::ready(item.err())).next().await.expect("an error"),
        Err(error) => error,
    };
    assert!(error.kind() == ErrorKind::Cancelled && error.to_string().contains("the disk failed"), "{error}");
}
