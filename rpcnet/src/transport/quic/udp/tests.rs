//! Over sockets of the system.

use std::{
    future::poll_fn,
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
};

use s2n_quic_core::{
    inet::{ExplicitCongestionNotification as Ecn, SocketAddress},
    io::rx::{Queue, Rx},
    path::Tuple,
};

use super::{
    batch::Batch,
    receiver::Receiver,
    refusals::Refusals,
    socket::{SLOTS, Socket},
};

/// A packet as the endpoint is given it.
#[derive(Debug, PartialEq)]
struct Packet {
    from: SocketAddr,
    to: SocketAddr,
    ecn: Ecn,
    payload: Vec<u8>,
}

fn open(addr: &str) -> Arc<Socket> {
    Arc::new(Socket::new(UdpSocket::bind(addr).expect("a free port")).expect("a socket"))
}

/// Whether this machine has these addresses: some have no IPv6, and others one address of loopback alone.
fn has(addrs: &[&str]) -> bool {
    addrs.iter().all(|addr| UdpSocket::bind(addr).is_ok())
}

/// What one turn receives, as soon as there is anything.
async fn turn(receiver: &mut Receiver) -> Vec<Packet> {
    poll_fn(|cx| receiver.poll_ready(cx)).await.expect("a runtime");
    let mut packets = Vec::new();
    receiver.for_each(|header, payload| {
        packets.push(Packet {
            from: SocketAddr::from(*header.path.remote_address),
            to: SocketAddr::from(*header.path.local_address),
            ecn: header.ecn,
            payload: payload.to_vec(),
        });
    });
    packets
}

fn is_idle(receiver: &mut Receiver) -> bool {
    futures::FutureExt::now_or_never(poll_fn(|cx| receiver.poll_ready(cx))).is_none()
}

fn send(socket: &Socket, from: SocketAddr, to: SocketAddr, segment_bytes: usize, bytes: &[u8]) -> io::Result<()> {
    let path =
        Tuple { remote_address: SocketAddress::from(to).into(), local_address: SocketAddress::from(from).into() };
    let segments = bytes.len().div_ceil(segment_bytes);
    socket.send(&Batch { path, ecn: Ecn::Ect0, segment_bytes, segments, bytes: bytes.len() }, bytes)
}

#[tokio::test]
async fn packets_that_travel_as_one_arrive_as_they_were_with_their_marks() {
    for addr in ["127.0.0.1:0", "[::1]:0"].into_iter().filter(|addr| has(&[addr])) {
        let (sender, socket) = (open(addr), open(addr));
        if sender.segments_max() == 1 {
            return;
        }
        let (from, to) = (sender.local_addr(), socket.local_addr());
        let mut receiver = Receiver::new(socket);
        let bytes: Vec<u8> = (0..2500).map(|at| (at / 1000) as u8).collect();
        send(&sender, from, to, 1000, &bytes).expect("sent");
        let expected = bytes.chunks(1000).map(|payload| Packet { from, to, ecn: Ecn::Ect0, payload: payload.to_vec() });
        assert_eq!(turn(&mut receiver).await, expected.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_socket_that_was_emptied_is_idle_until_the_next_packet() {
    let (sender, socket) = (open("127.0.0.1:0"), open("127.0.0.1:0"));
    let (from, to) = (sender.local_addr(), socket.local_addr());
    let mut receiver = Receiver::new(socket);
    for number in 0..100_u8 {
        send(&sender, from, to, 1, &[number]).expect("sent");
        assert_eq!(turn(&mut receiver).await[0].payload, [number]);
        assert!(is_idle(&mut receiver) && is_idle(&mut receiver));
    }
}

#[tokio::test]
async fn a_turn_receives_so_many_packets_and_then_others_run_first() {
    let (sender, socket) = (open("127.0.0.1:0"), open("127.0.0.1:0"));
    let (from, to) = (sender.local_addr(), socket.local_addr());
    let mut receiver = Receiver::new(socket);
    for number in 0..3 * SLOTS {
        send(&sender, from, to, 1, &[number as u8]).expect("sent");
    }
    let mut received = Vec::new();
    while received.len() < 3 * SLOTS {
        let packets = turn(&mut receiver).await;
        assert!(packets.len() <= SLOTS);
        received.extend(packets.into_iter().map(|packet| usize::from(packet.payload[0])));
        assert!(is_idle(&mut receiver), "once, even if there is more");
    }
    assert!(received.into_iter().eq(0..3 * SLOTS));
}

#[tokio::test]
async fn an_empty_packet_is_passed_over() {
    let (sender, socket) = (UdpSocket::bind("127.0.0.1:0").expect("a free port"), open("127.0.0.1:0"));
    let to = socket.local_addr();
    let mut receiver = Receiver::new(socket);
    sender.send_to(&[], to).expect("sent");
    assert_eq!(turn(&mut receiver).await, []);
    sender.send_to(&[5], to).expect("sent");
    assert_eq!(turn(&mut receiver).await[0].payload, [5]);
}

#[tokio::test]
async fn a_socket_on_all_addresses_answers_from_the_one_that_was_asked() {
    for (all, asked) in [("0.0.0.0:0", "127.0.0.2"), ("[::]:0", "::1"), ("[::]:0", "::ffff:127.0.0.2")] {
        let there = if asked == "::1" { "[::1]:0" } else { "127.0.0.2:0" };
        if !has(&[all, there]) {
            continue;
        }
        let socket = open(all);
        let asked = SocketAddr::new(asked.parse().expect("an address"), socket.local_addr().port());
        let client = open(if asked.is_ipv4() { "127.0.0.1:0" } else { "[::]:0" });
        let mut receiver = Receiver::new(Arc::clone(&socket));
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        send(&client, nowhere, asked, 1, &[1]).expect("sent");
        let packet = turn(&mut receiver).await.remove(0);
        assert_eq!(packet.to, asked);
        send(&socket, packet.to, packet.from, 1, &[2]).expect("sent");
        let answer = turn(&mut Receiver::new(client)).await.remove(0);
        assert_eq!((answer.from, answer.payload), (asked, vec![2]));
    }
}

/// Where nothing listens, for as long as the first is kept: its port is taken at another address.
#[cfg(target_os = "linux")]
fn nobody() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.3:0").expect("a free port");
    let port = socket.local_addr().expect("bound").port();
    (socket, SocketAddr::from(([127, 0, 0, 4], port)))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_refusal_is_told_to_who_waits_for_that_of_its_peer() {
    let mapped = |addr: SocketAddr| match addr.ip() {
        std::net::IpAddr::V4(ip) => SocketAddr::from((ip.to_ipv6_mapped(), addr.port())),
        std::net::IpAddr::V6(_) => addr,
    };
    for own in ["127.0.0.1:0", "[::]:0"].into_iter().filter(|own| has(&[own])) {
        let socket = open(own);
        let ((_first, peer), (_second, other)) = (nobody(), nobody());
        let (to_peer, to_other) = if own == "[::]:0" { (mapped(peer), mapped(other)) } else { (peer, other) };
        let (refusals, nowhere) = (Refusals::of(&socket), SocketAddr::from(([0, 0, 0, 0], 0)));
        let mut refused = std::pin::pin!(refusals.refused(peer));
        assert!(futures::poll!(&mut refused).is_pending());
        send(&socket, nowhere, to_other, 1, &[1]).expect("sent");
        for _ in 0..100 {
            tokio::task::yield_now().await;
            assert!(futures::poll!(&mut refused).is_pending(), "another's");
        }
        send(&socket, nowhere, to_peer, 1, &[1]).expect("sent");
        refused.await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_became_of_a_packet_harms_no_other() {
    let (socket, alive) = (open("127.0.0.1:0"), open("127.0.0.1:0"));
    let (_kept, nobody) = nobody();
    let (from, to) = (socket.local_addr(), alive.local_addr());
    // Nobody reads what is reported.
    let _refusals = Refusals::of(&socket);
    let mut receivers = [Receiver::new(alive), Receiver::new(Arc::clone(&socket))];
    for number in 0..100_u8 {
        send(&socket, from, nobody, 1, &[1]).expect("sent");
        send(&socket, from, to, 1, &[number]).expect("sent");
        assert_eq!(turn(&mut receivers[0]).await[0].payload, [number]);
        send(&socket, from, nobody, 1, &[1]).expect("sent");
        send(&socket, from, from, 1, &[number]).expect("sent to itself");
        let mut received = Vec::new();
        while received.is_empty() {
            received = turn(&mut receivers[1]).await;
        }
        assert_eq!(received[0].payload, [number]);
    }
}
