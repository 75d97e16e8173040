//! Limits: beyond them a refusal at once, and the handler never ran.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{Event, connect, development, rpc, serve};
use rpcnet::{CallError, ClientConfig, ErrorKind, Executed, Server};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_request_larger_than_the_server_takes_is_never_sent() {
    let (_server, _observer, client) = serve(development().with_message_bytes_max(100_000)).await;
    let error = rpc(client.echo(vec![0; 200_000].into()).await);
    assert_eq!((error.kind(), error.executed()), (ErrorKind::MessageTooLarge, Executed::No));
    assert!(error.to_string().contains("100000"), "{error}");
    client.echo(vec![0; 90_000].into()).await.expect("within the limit");
}

#[tokio::test]
async fn an_answer_larger_than_allowed_is_an_error_that_says_the_handler_ran() {
    let (_server, _observer, client) = serve(development().with_message_bytes_max(100_000)).await;
    for _ in 0..50 {
        let error = rpc(client.produce(200_000).await);
        assert_eq!((error.kind(), error.executed()), (ErrorKind::MessageTooLarge, Executed::Yes));
    }
    assert_eq!(client.produce(90_000).await.expect("within the limit").len(), 90_000);
}

#[tokio::test]
async fn a_client_may_accept_less_than_the_server_sends() {
    let (server, _observer, _client) = serve(development()).await;
    let config = ClientConfig::development().with_message_bytes_max(1000).build().expect("a valid configuration");
    let client = common::ProbeClient::connect(server.local_addr(), config).await.expect("the server is there");
    let error = rpc(client.produce(2000).await);
    assert_eq!((error.kind(), error.executed()), (ErrorKind::MessageTooLarge, Executed::Yes));
}

#[tokio::test]
async fn an_overloaded_server_refuses_at_once_and_recovers() {
    let (server, mut observer, client) = serve(development().with_calls_max(2)).await;
    let mut calls = JoinSet::new();
    for _ in 0..2 {
        calls.spawn(client.wait());
        observer.expect(Event::Started).await;
    }
    let error = rpc(connect(&server).await.wait().await);
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Overloaded, Executed::No));
    calls.shutdown().await;
    observer.count(Event::Dropped, 2).await;
    common::until("there is room", || server.calls_in_flight() == 0).await;
    client.echo("again".into()).await.expect("an answer");
}

#[tokio::test]
async fn a_call_beyond_what_the_connection_takes_waits_its_turn() {
    let (_server, mut observer, client) = serve(development().with_calls_per_connection_max(1)).await;
    let first = tokio::spawn(client.wait_stubbornly());
    observer.expect(Event::Started).await;
    let second = tokio::spawn(client.echo("waits".into()));
    // It gives up without having been sent.
    let error = rpc(client.with_deadline(Duration::from_millis(30)).echo("hasty".into()).await);
    assert_eq!((error.kind(), error.executed()), (ErrorKind::DeadlineExceeded, Executed::No));
    observer.release(1);
    first.await.expect("no panic").expect("an answer");
    assert_eq!(second.await.expect("no panic").expect("an answer"), "waits");
}

#[tokio::test]
async fn thousands_of_callers_share_a_few_ids() {
    let (_server, _observer, client) = serve(development().with_calls_per_connection_max(3)).await;
    let mut calls = JoinSet::new();
    for call in 0..2000_u32 {
        let bytes = Bytes::copy_from_slice(&call.to_le_bytes());
        let answer = client.echo(bytes.clone());
        calls.spawn(async move { (bytes, answer.await) });
    }
    while let Some(call) = calls.join_next().await {
        let (sent, answer) = call.expect("no panic");
        assert_eq!(answer.expect("an answer"), sent);
    }
}

#[tokio::test]
async fn callers_that_call_again_and_again_do_not_starve_those_who_wait() {
    let (_server, _observer, client) = serve(development().with_calls_per_connection_max(3)).await;
    let client = client.with_deadline(Duration::from_secs(5));
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        callers.spawn(async move {
            for _ in 0..300 {
                client.echo("again".into()).await?;
            }
            Ok::<_, CallError<common::ProbeError>>(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.expect("no panic").expect("nobody waits for long");
    }
}

#[tokio::test]
async fn two_services_of_one_name_are_an_error() {
    let config = development().build().expect("a valid configuration");
    let (first, second) = (common::probe().0, common::probe().0);
    let error = Server::builder(config).service(first).service(second).start().await.expect_err("one name");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("`Probe`"), "{error}");
}

#[tokio::test]
async fn a_raw_handler_can_be_replaced_but_a_typed_method_cannot() {
    let config = development().build().expect("a valid configuration");
    let server = Server::builder(config.clone())
        .register("raw", |_| async { Ok("first") })
        .register("raw", |_| async { Ok("second") })
        .start()
        .await
        .expect("again replaces it");
    assert_eq!(common::raw_client(&server).await.call("raw", "").await.expect("an answer"), "second");
    let (service, _observer) = common::probe();
    let taken = Server::builder(config).service(service).register("Probe.echo", |_| async { Ok("raw") });
    assert_eq!(taken.start().await.expect_err("taken").kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_names_it() {
    let (server, _observer, _client) = serve(development()).await;
    let config = development().with_bind_addr(server.local_addr()).build().expect("a valid configuration");
    let error = Server::builder(config).start().await.expect_err("taken");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains(&server.local_addr().to_string()), "{error}");
}
