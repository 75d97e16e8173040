//! A client takes one socket for each connection, and gives it back.

mod common;

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    time::Duration,
};

use common::{IN_VAIN, ProbeClient, development, own_addr, probe};
use rpcnet::{Client, ClientConfig, Identity, Server, ServerConfig};

/// Waits until the address can be bound: the connection that had it lingers for a few round trips.
async fn is_given_back(addr: SocketAddr) -> bool {
    let free = async {
        while UdpSocket::bind(addr).is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(IN_VAIN, free).await.is_ok()
}

/// An address with a port that is free, and that nobody else takes as far as the system can promise it.
fn free_addr() -> SocketAddr {
    let socket = UdpSocket::bind(own_addr()).expect("a free port");
    socket.local_addr().expect("bound")
}

#[tokio::test]
async fn a_client_that_is_dropped_gives_its_socket_back() {
    let server = Server::builder(development().build().expect("valid")).service(probe().0);
    let server = server.start().await.expect("a free port");
    let addr = free_addr();
    let config = ClientConfig::development().with_bind_addr(addr);
    let client = Client::connect(server.local_addr(), config.build().expect("valid")).await.expect("connected");
    assert!(UdpSocket::bind(addr).is_err(), "in use");
    drop(client);
    assert!(is_given_back(addr).await);
}

#[tokio::test]
async fn an_attempt_to_connect_that_fails_gives_its_socket_back() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    for target in [silent.local_addr().expect("bound"), free_addr()] {
        let addr = free_addr();
        let config = ClientConfig::development().with_bind_addr(addr).with_connect_timeout(Duration::from_millis(100));
        Client::connect(target, config.build().expect("valid")).await.expect_err("nobody answers");
        assert!(is_given_back(addr).await);
    }
}

#[tokio::test]
async fn a_server_on_all_addresses_answers_from_the_one_that_was_asked() {
    for (all, asked) in [("0.0.0.0:0", "127.0.0.2"), ("[::]:0", "127.0.0.2"), ("[::]:0", "::1")] {
        let (all, asked): (SocketAddr, IpAddr) = (all.parse().expect("an address"), asked.parse().expect("an address"));
        if !common::has_addr(all.ip()) || !common::has_addr(asked) {
            continue;
        }
        let identity = Identity::self_signed([asked.to_string()]).expect("a name");
        let config = ServerConfig::builder().with_bind_addr(all).with_identity(identity.clone());
        let server = Server::builder(config.build().expect("valid")).service(probe().0);
        let server = server.start().await.expect("a free port");
        let asked = SocketAddr::new(asked, server.local_addr().port());
        let config = ClientConfig::trusting(&identity).build().expect("valid");
        // A client hears nobody but the address that it asked.
        let client = ProbeClient::connect(asked, config).await.expect("connected");
        assert_eq!(client.echo("hello".into()).await.expect("an answer"), "hello");
    }
}
