//! Stopping: at once, without a hang, and the port is free again.

mod common;

use std::time::Duration;

use common::{Event, connect, development, own_addr, serve};
use rpcnet::{Client, ClientConfig, ConnectionState, ErrorKind, Executed, Server};

#[tokio::test]
async fn a_stopped_server_ends_its_calls_and_frees_its_port() {
    let (server, mut observer, client) = serve(development().with_bind_addr(own_addr())).await;
    let call = tokio::spawn(client.wait());
    observer.expect(Event::Started).await;
    server.stop().await;
    observer.expect(Event::Dropped).await;
    let error = call.await.expect("no panic").expect_err("the server is gone");
    let error = error.rpc().expect("no application error");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
    let config = development().with_bind_addr(server.local_addr()).build().expect("a valid configuration");
    let again = Server::builder(config).service(common::probe().0).start().await.expect("the port is free");
    connect(&again).await.echo("again".into()).await.expect("an answer");
}

#[tokio::test]
async fn a_call_on_a_closed_connection_fails_at_once_and_was_never_sent() {
    let (server, _observer, _client) = serve(development().with_bind_addr(own_addr())).await;
    // Long enough for the first connection, and what it takes to give the second one up.
    let config = ClientConfig::development().with_connect_timeout(Duration::from_secs(6));
    let client =
        Client::connect(server.local_addr(), config.build().expect("valid")).await.expect("the server is there");
    server.stop().await;
    let mut connection = client.watch_connection();
    while !matches!(connection.state(), ConnectionState::Disconnected(_)) {
        connection.changed().await.expect("the client lives");
    }
    let error = client.call("Probe.echo", "?").await.expect_err("the server is gone");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::No));
}

#[tokio::test]
async fn a_client_whose_runtime_is_gone_fails_its_calls_at_once() {
    let (server, _observer, _client) = serve(development()).await;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let addr = server.local_addr();
    let client = runtime.spawn(async move {
        let config = ClientConfig::development().build().expect("a valid configuration");
        common::ProbeClient::connect(addr, config).await.expect("the server is there")
    });
    let client = client.await.expect("no panic");
    runtime.shutdown_background();
    let error = client.wait().await.expect_err("nobody is there to send it");
    assert_eq!(error.rpc().map(|error| error.kind()), Some(ErrorKind::Connection));
}

#[tokio::test]
async fn a_deadline_beyond_all_clocks_is_no_panic() {
    let (_server, _observer, client) = serve(development()).await;
    client.with_deadline(Duration::MAX).echo("patient".into()).await.expect("an answer");
}

#[tokio::test]
async fn stopping_twice_and_waiting_for_the_stop_end_alike() {
    let (server, _observer, _client) = serve(development()).await;
    tokio::join!(server.stop(), server.stop(), server.stopped());
    server.stop().await;
}

#[tokio::test]
async fn dropping_the_server_stops_it() {
    let (server, mut observer, client) = serve(development()).await;
    let call = tokio::spawn(client.wait());
    observer.expect(Event::Started).await;
    drop(server);
    observer.expect(Event::Dropped).await;
    call.await.expect("no panic").expect_err("the server is gone");
}

#[tokio::test]
async fn several_io_threads_share_one_port() {
    let (server, _observer, _client) = serve(development().with_io_threads(3)).await;
    for _ in 0..12 {
        connect(&server).await.echo("anyone".into()).await.expect("an answer");
    }
    server.stop().await;
}
