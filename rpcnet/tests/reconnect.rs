//! A client outlives its connection: calls that never ran are sent again, the others say so, and the next ones just work.

mod common;

use std::time::Duration;

use common::{Event, ProbeClient, development, proxy::Proxy, raw_client_over, rpc, serve};
use rpcnet::{Client, ClientConfig, ClientConfigBuilder, ConnectionState, ErrorKind, Executed, Server};

/// A client that makes up its mind as quickly as is fair to a server that shares a slow machine with it.
fn hasty() -> ClientConfigBuilder {
    ClientConfig::development()
        .with_connect_timeout(Duration::from_secs(6))
        .with_probe_interval(Some(common::UNHURRIED))
        .with_reconnect_backoff(Duration::from_millis(5), Duration::from_millis(50))
}

async fn disconnected(client: &Client) {
    let mut connection = client.watch_connection();
    while !matches!(connection.state(), ConnectionState::Disconnected(_)) {
        connection.changed().await.expect("the client lives");
    }
}

#[tokio::test]
async fn a_client_goes_on_when_its_server_has_restarted() {
    let (server, _observer, _) = serve(development().with_bind_addr(common::own_addr())).await;
    let addr = server.local_addr();
    let client = Client::connect(addr, hasty().build().expect("valid")).await.expect("the server is there");
    let probe = ProbeClient::new(client.clone());
    for _ in 0..3 {
        probe.echo("before".into()).await.expect("an answer");
    }
    server.stop().await;
    disconnected(&client).await;
    assert!(!client.is_connected());
    let config = development().with_bind_addr(addr).build().expect("valid");
    let _again = Server::builder(config).service(common::probe().0).start().await.expect("the port is free");
    assert!(client.watch_connection().connected().await);
    probe.echo("after".into()).await.expect("an answer");
    assert!(client.is_connected() && client.connection_state().is_connected());
}

#[tokio::test]
async fn calls_made_while_the_first_attempt_is_under_way_wait_for_it() {
    let (old, _, _) = serve(development()).await;
    let (new, _observer, _) = serve(development()).await;
    let proxy = Proxy::to(old.local_addr());
    let client = raw_client_over(&proxy, hasty()).await;
    let mut connection = client.watch_connection();
    proxy.reroute(new.local_addr());
    old.stop().await;
    let state = connection.changed().await.expect("the client lives");
    assert!(matches!(state, ConnectionState::Connecting(_) | ConnectionState::Connected), "{state:?}");
    ProbeClient::new(client).echo("patient".into()).await.expect("from the new server");
}

#[tokio::test]
async fn while_the_server_is_down_calls_fail_at_once_and_say_why() {
    let (server, _observer, _) = serve(development().with_bind_addr(common::own_addr())).await;
    let config = hasty().with_reconnect_backoff(Duration::from_secs(60), Duration::from_secs(60));
    let client = Client::connect(server.local_addr(), config.build().expect("valid")).await.expect("it is there");
    server.stop().await;
    disconnected(&client).await;
    let probe = ProbeClient::new(client.clone());
    for _ in 0..3 {
        let call = probe.echo("?".into());
        tokio::pin!(call);
        let std::task::Poll::Ready(result) = futures::poll!(&mut call) else { panic!("it waits") };
        let error = rpc(result);
        assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::No));
        assert!(error.to_string().contains(&server.local_addr().to_string()), "{error}");
    }
    assert!(client.closed().is_some());
}

#[tokio::test]
async fn a_client_that_waits_for_a_server_waits_until_it_is_there_or_the_deadline_passes() {
    let (server, _observer, _) = serve(development().with_bind_addr(common::own_addr())).await;
    let addr = server.local_addr();
    let config = hasty().with_wait_for_ready(true).build().expect("valid");
    let client = Client::connect(addr, config).await.expect("the server is there");
    server.stop().await;
    disconnected(&client).await;
    let probe = ProbeClient::new(client);
    let error = rpc(probe.with_deadline(Duration::from_millis(20)).echo("hasty".into()).await);
    assert_eq!((error.kind(), error.executed()), (ErrorKind::DeadlineExceeded, Executed::No));
    let waiting = probe.echo("patient".into());
    tokio::pin!(waiting);
    assert!(futures::poll!(&mut waiting).is_pending());
    let config = development().with_bind_addr(addr).build().expect("valid");
    let _again = Server::builder(config).service(common::probe().0).start().await.expect("the port is free");
    assert_eq!(waiting.await.expect("an answer"), "patient");
}

#[tokio::test]
async fn a_call_that_was_sent_is_lost_with_its_connection_unless_it_is_idempotent() {
    let (old, mut old_observer, _) = serve(development()).await;
    let (new, mut new_observer, _) = serve(development()).await;
    let proxy = Proxy::to(old.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, hasty()).await);
    let once = tokio::spawn(client.wait());
    let again = tokio::spawn(client.wait_idempotently());
    old_observer.count(Event::Started, 2).await;
    proxy.reroute(new.local_addr());
    old.stop().await;
    let error = rpc(once.await.expect("no panic"));
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
    new_observer.expect(Event::Started).await;
    new_observer.release(1);
    again.await.expect("no panic").expect("from the new server");
}

#[tokio::test]
async fn an_idempotent_call_that_finds_no_second_server_may_have_run() {
    let (server, mut observer, _) = serve(development().with_bind_addr(common::own_addr())).await;
    let config = hasty().build().expect("valid");
    let client = ProbeClient::new(Client::connect(server.local_addr(), config).await.expect("it is there"));
    let call = tokio::spawn(client.wait_idempotently());
    observer.expect(Event::Started).await;
    server.stop().await;
    let error = rpc(call.await.expect("no panic"));
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
}

#[tokio::test]
async fn large_calls_are_sent_again_too_if_they_never_ran() {
    let (old, mut observer, _) = serve(development()).await;
    let (new, _new_observer, _) = serve(development()).await;
    let proxy = Proxy::to(old.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, hasty()).await);
    let held = tokio::spawn(client.wait_stubbornly());
    observer.expect(Event::Started).await;
    proxy.reroute(new.local_addr());
    old.stop_accepting();
    for _ in 0..5 {
        assert_eq!(client.echo(vec![3; 1 << 20].into()).await.expect("from either").len(), 1 << 20);
    }
    observer.release(1);
    held.await.expect("no panic").expect("from the old server");
}

#[tokio::test]
async fn dropping_the_last_clone_stops_everything() {
    let (server, _observer, _) = serve(development()).await;
    let client = Client::connect(server.local_addr(), hasty().build().expect("valid")).await.expect("it is there");
    let mut connection = client.watch_connection();
    let clone = client.clone();
    drop(client);
    clone.call("nobody", "").await.expect_err("still connected, and no such method");
    drop(clone);
    while connection.changed().await.is_some() {}
    assert!(!connection.connected().await);
    server.wait_for_in_flight().await;
}

#[tokio::test]
async fn without_keep_alive_an_idle_connection_closes_and_the_next_call_makes_another() {
    let (server, _observer, _) = serve(development()).await;
    let config = hasty().with_keep_alive_interval(None).with_idle_timeout(Duration::from_secs(4));
    let client = Client::connect(server.local_addr(), config.build().expect("valid")).await.expect("it is there");
    let mut connection = client.watch_connection();
    let state = connection.changed().await.expect("the client lives");
    assert!(matches!(state, ConnectionState::Connecting(_)), "{state:?}");
    let another = tokio::time::timeout(Duration::from_millis(300), connection.changed()).await;
    assert!(another.is_err(), "nobody asked for it: {another:?}");
    ProbeClient::new(client.clone()).echo("now".into()).await.expect("over a new connection");
}
