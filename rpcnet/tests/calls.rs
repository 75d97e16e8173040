//! Typed calls: values, errors, sizes, panics.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{ProbeError, connect, development, serve, silence_panics};
use rpcnet::{CallError, ErrorKind, Executed, Server};
use tokio::task::JoinSet;

#[tokio::test]
async fn values_come_back_whatever_their_size() {
    let (_server, _observer, client) = serve(development()).await;
    for length in [0u32, 1, 1000, 65_000, 65_536, 70_000, 1 << 20, (4 << 20) - 100] {
        let bytes = Bytes::from(vec![7; length as usize]);
        assert_eq!(client.echo(bytes.clone()).await.expect("an answer"), bytes);
        assert_eq!(client.produce(length).await.expect("an answer").len(), length as usize);
    }
}

#[tokio::test]
async fn an_application_error_arrives_as_its_own_type() {
    let (_server, _observer, client) = serve(development()).await;
    let error = client.refuse("no".into()).await.expect_err("it refuses");
    assert_eq!(error.application(), Some(ProbeError::Refused { reason: "no".into() }));
}

#[tokio::test]
async fn a_panic_is_its_own_calls_error_and_nothing_elses() {
    silence_panics();
    let (_server, _observer, client) = serve(development()).await;
    // Often enough that the handler counts as quick and runs on the lane itself.
    for _ in 0..100 {
        for result in [client.panic().await, client.panic_after_waiting().await] {
            let Err(CallError::Rpc(error)) = result else { panic!("{result:?}") };
            assert_eq!((error.kind(), error.executed()), (ErrorKind::Internal, Executed::Yes));
            assert!(!error.to_string().contains("told to"), "a panic's text stays on the server: {error}");
        }
        client.echo("still here".into()).await.expect("an answer");
    }
}

#[tokio::test]
async fn calls_in_flight_answer_in_any_order() {
    let (_server, observer, client) = serve(development()).await;
    let stubborn = tokio::spawn(client.wait_stubbornly());
    for _ in 0..1000 {
        client.echo("meanwhile".into()).await.expect("an answer");
    }
    observer.release(1);
    stubborn.await.expect("no panic").expect("an answer");
}

#[tokio::test]
async fn many_clients_and_many_calls_share_a_server() {
    let (server, _observer, _client) = serve(development()).await;
    let mut calls = JoinSet::new();
    for connection in 0..20_u8 {
        let client = connect(&server).await;
        for call in 0..200_u8 {
            let bytes = Bytes::from(vec![connection, call]);
            let answer = client.echo(bytes.clone());
            calls.spawn(async move { (bytes, answer.await) });
        }
    }
    while let Some(call) = calls.join_next().await {
        let (sent, answer) = call.expect("no panic");
        assert_eq!(answer.expect("an answer"), sent);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_handler_spawns_lands_on_the_applications_runtime() {
    let (_server, _observer, client) = serve(development()).await;
    for _ in 0..100 {
        let thread = client.spawned_on().await.expect("an answer");
        assert!(!thread.starts_with("rpcnet-io"), "{thread}");
    }
}

#[test]
fn an_answer_leaves_though_every_thread_goes_on_computing() {
    // The one thread for handlers is taken as soon as it has answered the first call.
    let handlers =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread");
    let (service, _observer) = common::probe();
    let config = development().build().expect("a valid configuration");
    let server = handlers.block_on(Server::builder(config).service(service).start()).expect("a free port");
    let callers = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    callers.block_on(async {
        let client = connect(&server).await;
        let first = tokio::spawn(client.with_deadline(Duration::from_secs(30)).echo("first".into()));
        let mut computing = JoinSet::new();
        for _ in 0..20 {
            computing.spawn(client.compute());
        }
        first.await.expect("no panic").expect("an answer");
        computing.shutdown().await;
    });
    handlers.shutdown_background();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_computes_delays_no_other_call() {
    let (_server, mut observer, client) = serve(development()).await;
    let computing = tokio::spawn(client.compute());
    observer.expect(common::Event::Started).await;
    // It computes until it is cancelled, so these could never end if they stood behind it.
    for _ in 0..100 {
        client.echo("meanwhile".into()).await.expect("an answer");
    }
    computing.abort();
    observer.expect(common::Event::Finished).await;
}
