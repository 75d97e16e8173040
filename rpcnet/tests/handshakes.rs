//! Clients that begin handshakes and are not where they say they are: the others get in all the same.

mod common;

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use common::{ProbeClient, connect, development, serve};
use rpcnet::{ClientConfig, Identity};
use s2n_quic::{client::Connect, provider::tls::rustls as quic_tls};
use tokio::{net::UdpSocket, time::timeout};

const HANDSHAKES_MAX: usize = 8;

/// The first packets of so many clients, which went to `target`.
async fn first_packets(target: &UdpSocket, clients: usize) -> Vec<Vec<u8>> {
    let addr = target.local_addr().expect("bound");
    let identity = Identity::self_signed(["localhost"]).expect("a name");
    let tls = quic_tls::Client::builder()
        .with_certificate(identity.certificate_pem().as_str())
        .expect("a certificate")
        .with_application_protocols(["rpcnet/1"].into_iter())
        .expect("a protocol")
        .build()
        .expect("a TLS configuration");
    let client = s2n_quic::Client::builder()
        .with_tls(tls)
        .expect("TLS")
        .with_io("127.0.0.1:0")
        .expect("a socket")
        .start()
        .expect("an endpoint");
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..clients {
        attempts.spawn(client.connect(Connect::new(addr).with_server_name("localhost")));
    }
    let (mut packets, mut seen) = (Vec::new(), HashSet::new());
    while seen.len() < clients {
        let packet = received(target).await;
        // The client's choice of the server's connection id, with its length before it.
        seen.insert(packet[5..6 + usize::from(packet[5])].to_vec());
        packets.push(packet);
    }
    packets
}

async fn received(socket: &UdpSocket) -> Vec<u8> {
    let mut packet = vec![0; 65_536];
    let length = timeout(Duration::from_secs(10), socket.recv(&mut packet)).await.expect("in time").expect("a packet");
    packet.truncate(length);
    packet
}

/// Begins handshakes that never end.
async fn flood(server: SocketAddr, handshakes: usize) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    for packet in first_packets(&socket, handshakes).await {
        // What comes next to that socket comes behind it.
        socket.send_to(&packet, server).await.expect("loopback takes it");
    }
    socket
}

#[tokio::test]
async fn handshakes_that_never_end_do_not_keep_others_out() {
    let (server, _observer, _client) = serve(development().with_handshakes_in_flight_max(HANDSHAKES_MAX)).await;
    let _flood = flood(server.local_addr(), 3 * HANDSHAKES_MAX).await;
    for _ in 0..2 * HANDSHAKES_MAX {
        connect(&server).await.echo("honest".into()).await.expect("an answer");
    }
}

#[tokio::test]
async fn a_server_holds_no_more_connections_than_it_is_told_to_however_many_threads_it_has() {
    let (server, _observer, _first) = serve(development().with_io_threads(4).with_connections_max(2)).await;
    let _second = connect(&server).await;
    for _ in 0..8 {
        let config = ClientConfig::development().build().expect("valid");
        let error = ProbeClient::connect(server.local_addr(), config).await.expect_err("there is no place");
        assert!(error.to_string().contains("at its limit"), "{error}");
    }
}
