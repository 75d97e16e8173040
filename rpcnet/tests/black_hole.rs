//! A path that swallows everything: noticed soon while calls wait on it, and not imagined.

mod common;

use std::time::{Duration, Instant};

use common::{Event, ProbeClient, development, proxy::Proxy, raw_client_over, rpc, serve};
use rpcnet::{ClientConfig, ClientConfigBuilder, ErrorKind, Executed, prelude::*};
use tokio::time::timeout;

/// Far more than three probe timeouts on loopback (some 30 ms, doubled twice) and 300 ms, and far less than the idle
/// timeout of 30 s.
const SOON: Duration = Duration::from_secs(10);

/// Longer than it takes to give a path up.
const A_WHILE: Duration = Duration::from_secs(2);

/// The same for a path of 200 ms there and back.
const A_LONG_WHILE: Duration = Duration::from_secs(5);

/// A client that asks seldom is slow to give up a server that is kept from answering.
fn unhurried() -> ClientConfigBuilder {
    client().with_keep_alive_interval(Duration::from_millis(20)).with_probe_interval(Some(Duration::from_millis(250)))
}

fn client() -> ClientConfigBuilder {
    ClientConfig::development().with_reconnect_backoff(Duration::from_millis(5), Duration::from_millis(50))
}

#[tokio::test]
async fn a_call_that_waits_on_a_path_that_died_fails_soon_and_may_have_run() {
    let (server, mut observer, _) = serve(development()).await;
    let proxy = Proxy::to(server.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, client()).await);
    let call = tokio::spawn(client.wait());
    observer.expect(Event::Started).await;
    proxy.cut();
    let start = Instant::now();
    let error = rpc(call.await.expect("no panic"));
    let noticed = start.elapsed();
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
    assert!(error.to_string().contains("swallows"), "{error}");
    assert!(noticed < SOON, "{noticed:?}");
    assert_eq!(client.echo("again".into()).await.expect("over a new connection"), "again");
}

#[tokio::test]
async fn a_call_that_is_sent_into_a_dead_path_is_noticed_too() {
    let (server, _observer, _) = serve(development()).await;
    let proxy = Proxy::to(server.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, client()).await);
    client.echo("alive".into()).await.expect("an answer");
    proxy.cut();
    let error = rpc(timeout(SOON, client.echo("dead".into())).await.expect("noticed soon"));
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
}

#[tokio::test]
async fn a_stream_that_waits_alone_on_a_path_that_died_fails_as_soon() {
    let (server, mut observer, _) = serve(development()).await;
    let proxy = Proxy::to(server.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, client()).await);
    let mut numbers = client.count(2).await.expect("it begins");
    observer.expect(Event::Started).await;
    assert_eq!(numbers.next().await.expect("an item").expect("a number"), 1);
    proxy.cut();
    let error = rpc(timeout(SOON, numbers.next()).await.expect("noticed soon").expect("an end that says so"));
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Yes));
    assert!(error.to_string().contains("swallows"), "{error}");
}

#[tokio::test]
async fn a_large_call_on_a_path_that_died_says_so() {
    let (server, _observer, _) = serve(development()).await;
    let proxy = Proxy::to(server.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, client()).await);
    proxy.cut();
    let error = rpc(timeout(SOON, client.echo(vec![7; 200_000].into())).await.expect("noticed soon"));
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
    assert!(error.to_string().contains("swallows"), "{error}");
}

#[tokio::test]
async fn an_idempotent_call_moves_to_a_path_that_lives() {
    let (old, mut old_observer, _) = serve(development()).await;
    let (new, mut new_observer, _) = serve(development()).await;
    let proxy = Proxy::to(old.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, client()).await);
    let call = tokio::spawn(client.wait_idempotently());
    old_observer.expect(Event::Started).await;
    proxy.reroute(new.local_addr());
    proxy.cut();
    new_observer.expect(Event::Started).await;
    new_observer.release(1);
    call.await.expect("no panic").expect("from the new server");
}

#[tokio::test]
async fn a_path_that_is_silent_for_a_while_is_no_loss_as_long_as_no_call_waits() {
    let (server, _observer, _) = serve(development()).await;
    let proxy = Proxy::to(server.local_addr());
    let client = raw_client_over(&proxy, unhurried()).await;
    // After an answer there is nothing left of the handshake, whose time is limited.
    ProbeClient::new(client.clone()).echo("ready".into()).await.expect("an answer");
    let mut connection = client.watch_connection();
    proxy.swallow(true);
    assert!(timeout(A_WHILE, connection.changed()).await.is_err(), "it was given up");
    let before = proxy.answers();
    proxy.swallow(false);
    common::until("the path has woken", || proxy.answers() > before + 5).await;
    ProbeClient::new(client.clone()).echo("still here".into()).await.expect("over the same connection");
    assert!(futures::poll!(Box::pin(connection.changed())).is_pending(), "it was given up");
}

#[tokio::test]
async fn a_server_that_is_slow_to_answer_is_not_given_up() {
    let (server, mut observer, _) = serve(development()).await;
    let proxy = Proxy::to(server.local_addr());
    let client = raw_client_over(&proxy, unhurried()).await;
    let mut connection = client.watch_connection();
    let call = tokio::spawn(ProbeClient::new(client).wait_stubbornly());
    observer.expect(Event::Started).await;
    assert!(timeout(A_WHILE, connection.changed()).await.is_err(), "it was given up");
    observer.release(1);
    call.await.expect("no panic").expect("its answer");
}

#[tokio::test]
async fn a_call_on_a_path_that_just_woke_up_is_answered() {
    let (server, _observer, _) = serve(development()).await;
    let proxy = Proxy::lossy(server.local_addr(), 0.0, Duration::from_millis(100));
    let client = raw_client_over(&proxy, unhurried()).await;
    // After an answer there is nothing left of the handshake, whose time is limited.
    ProbeClient::new(client.clone()).echo("ready".into()).await.expect("an answer");
    let mut connection = client.watch_connection();
    proxy.swallow(true);
    assert!(timeout(A_LONG_WHILE, connection.changed()).await.is_err(), "it was given up");
    proxy.swallow(false);
    ProbeClient::new(client.clone()).echo("awake".into()).await.expect("over the same connection");
    assert!(futures::poll!(Box::pin(connection.changed())).is_pending(), "it was given up");
}
