//! Where nothing listens, the host says so, and nobody waits for silence to tell. On Linux: other systems keep it to themselves.
#![cfg(target_os = "linux")]

mod common;

use std::{
    net::{Ipv6Addr, SocketAddr},
    time::Duration,
};

use common::{Event, ProbeClient, development, proxy::Proxy, raw_client_over, rpc, serve};
use rpcnet::{Client, ClientConfig, ClientConfigBuilder, ConnectionState, ErrorKind, Executed, Server};
use tokio::time::timeout;

/// A client that notices nothing by silence within this, but for the probes of a call that waits.
const SOON: Duration = Duration::from_secs(20);

fn patient() -> ClientConfigBuilder {
    ClientConfig::development()
        .with_connect_timeout(Duration::from_secs(3600))
        .with_keep_alive_interval(Duration::from_millis(50))
        .with_probe_interval(None)
        .with_idle_timeout(Duration::from_secs(3600))
}

#[tokio::test]
async fn connecting_to_a_port_where_nothing_listens_fails_at_once_and_says_so() {
    // Nobody else takes the one, and nobody the other unless told to.
    let nobody = [common::own_addr(), SocketAddr::from((Ipv6Addr::LOCALHOST, 7_902))];
    for addr in nobody.into_iter().filter(|addr| common::has_addr(addr.ip())) {
        let connecting = Client::connect(addr, patient().build().expect("valid"));
        let error = timeout(SOON, connecting).await.expect("at once").expect_err("nobody is there");
        assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::No));
        let message = error.to_string();
        assert!(message.contains("nothing listens") && message.contains(&addr.to_string()), "{message}");
    }
}

#[tokio::test]
async fn a_call_that_a_server_owes_fails_soon_when_its_socket_is_gone_and_may_have_run() {
    let (server, mut observer, _) = serve(development()).await;
    let proxy = Proxy::to(server.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, patient()).await);
    let call = tokio::spawn(client.wait());
    observer.expect(Event::Started).await;
    drop(proxy);
    let error = rpc(timeout(SOON, call).await.expect("noticed soon").expect("no panic"));
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
    assert!(error.to_string().contains("nothing listens"), "{error}");
}

#[tokio::test]
async fn an_idle_client_notices_too_and_calls_wait_for_a_server_that_is_starting_again() {
    let (server, _observer, _) = serve(development()).await;
    let proxy = Proxy::to(server.local_addr());
    let addr = proxy.addr();
    let client = raw_client_over(&proxy, patient()).await;
    let mut connection = client.watch_connection();
    drop(proxy);
    let state = timeout(SOON, connection.changed()).await.expect("noticed soon").expect("the client lives");
    assert!(matches!(state, ConnectionState::Connecting(_)), "{state:?}");
    let probe = ProbeClient::new(client);
    let early = tokio::spawn(probe.echo("early".into()));
    let config = development().with_bind_addr(addr).build().expect("valid");
    let _again = Server::builder(config).service(common::probe().0).start().await.expect("the port is free");
    assert_eq!(timeout(SOON, early).await.expect("soon").expect("no panic").expect("an answer"), "early");
}
