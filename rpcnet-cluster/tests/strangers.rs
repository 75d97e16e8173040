//! What strangers can do to a node on real sockets: nothing, and it is counted.

mod common;

use std::net::SocketAddr;

use common::{all_alive, config, id, key, keyless, start, until, within};
use rpcnet_cluster::{ClusterMembership, DatagramCounters, Seed};
use tokio::net::UdpSocket;

/// Waits until a node's counters satisfy a condition.
async fn counted(node: &ClusterMembership, condition: impl Fn(DatagramCounters) -> bool) {
    until(&format!("counted by {}", node.local_node_id()), || condition(node.datagram_counters())).await;
}

async fn stranger() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.expect("a free port")
}

/// What has come back so far. A node answers before it counts, so nothing is on its way any more.
fn answers(socket: &UdpSocket) -> Vec<usize> {
    let mut buffer = [0; 2000];
    std::iter::from_fn(|| socket.try_recv(&mut buffer).ok()).collect()
}

#[tokio::test]
async fn garbage_draws_no_answer_and_is_counted() {
    let (node, stranger) = (start(config("node")).await, stranger().await);
    stranger.connect(node.gossip_addr()).await.expect("a local address");
    for length in 0..600_usize {
        let garbage: Vec<u8> = (0..length).map(|index| (index * 7 + length) as u8 % 0x15).collect();
        stranger.send(&garbage).await.expect("there is room");
        counted(&node, |counters| counters.dropped() == length as u64 + 1).await;
    }
    assert!(answers(&stranger).is_empty());
    assert_eq!(node.node_count(), 1);
}

#[tokio::test]
async fn a_node_with_a_foreign_key_is_not_taken_in() {
    let node = start(config("node")).await;
    let other = start(keyless("other").with_key(key(2)).with_seeds([node.seed().to_string()])).await;
    counted(&node, |counters| counters.unknown_key >= 2).await;
    let counters = node.datagram_counters();
    assert_eq!((counters.sealed, counters.challenges_sent, counters.opened), (0, 0, 0));
    assert_eq!((node.node_count(), other.node_count()), (1, 1));
}

#[tokio::test]
async fn a_node_without_a_key_is_not_taken_in_and_takes_in_nobody_with_one() {
    let sealed = start(config("sealed")).await;
    let plain = start(keyless("plain").with_seeds([sealed.seed().to_string()])).await;
    counted(&sealed, |counters| counters.refused >= 1).await;
    let other = start(config("other").with_seeds([plain.seed().to_string()])).await;
    counted(&plain, |counters| counters.refused >= 1).await;
    assert_eq!((sealed.node_count(), plain.node_count(), other.node_count()), (1, 1, 1));
}

/// Stands between a node and the others: passes on what it hears, and keeps it.
struct Tap {
    front: UdpSocket,
    back: UdpSocket,
}

impl Tap {
    async fn new() -> Self {
        Self { front: stranger().await, back: stranger().await }
    }

    fn addr(&self) -> SocketAddr {
        self.front.local_addr().expect("it is bound")
    }

    /// Passes datagrams on until `done`, and returns those for the node behind it.
    async fn run(&self, node: SocketAddr, done: impl Future<Output = ()>) -> Vec<Vec<u8>> {
        let (mut captured, mut peer) = (Vec::new(), None);
        let (mut coming, mut going) = ([0; 2000], [0; 2000]);
        tokio::pin!(done);
        loop {
            tokio::select! {
                () = &mut done => return captured,
                received = self.front.recv_from(&mut coming) => {
                    let (bytes, from) = received.expect("a datagram");
                    peer = Some(from);
                    captured.push(coming[..bytes].to_vec());
                    self.back.send_to(&coming[..bytes], node).await.expect("there is room");
                }
                received = self.back.recv_from(&mut going) => {
                    let (bytes, _) = received.expect("a datagram");
                    if let Some(peer) = peer {
                        self.front.send_to(&going[..bytes], peer).await.expect("there is room");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn what_was_captured_changes_nothing_when_it_is_sent_again() {
    let tap = Tap::new().await;
    let tapped = start(config("tapped").with_advertise_gossip_addr(tap.addr())).await;
    let other = start(config("other").with_seeds([Seed::gossip(tap.addr()).to_string()])).await;
    let traffic = async {
        all_alive(&tapped, 2).await;
        other.set_tag("state", "old").expect("it is short");
        let old =
            tapped.wait_until(|view| view.get(&id("other")).is_some_and(|node| node.tags.get("state") == Some("old")));
        within("the tag", old).await.expect("it has not left");
        other.set_tag("state", "new").expect("it is short");
        let new =
            tapped.wait_until(|view| view.get(&id("other")).is_some_and(|node| node.tags.get("state") == Some("new")));
        within("the tag", new).await.expect("it has not left");
    };
    let captured = tap.run(tapped.gossip_addr(), traffic).await;
    assert!(captured.len() >= 3, "hello, join and news: {}", captured.len());
    drop(other);

    // To the node that has seen them.
    let (attacker, before) = (stranger().await, tapped.datagram_counters());
    attacker.connect(tapped.gossip_addr()).await.expect("a local address");
    for datagram in &captured {
        attacker.send(datagram).await.expect("there is room");
    }
    counted(&tapped, |counters| counters.dropped() >= before.dropped() + captured.len() as u64).await;
    assert_eq!(tapped.datagram_counters().opened, before.opened);
    let view = tapped.view();
    assert_eq!(view.get(&id("other")).and_then(|node| node.tags.get("state")), Some("new"));

    // To a node that has just started, with the same key.
    let (fresh, attacker) = (start(config("fresh")).await, stranger().await);
    attacker.connect(fresh.gossip_addr()).await.expect("a local address");
    for datagram in &captured {
        attacker.send(datagram).await.expect("there is room");
    }
    counted(&fresh, |counters| counters.dropped() >= captured.len() as u64).await;
    assert_eq!((fresh.datagram_counters().opened, fresh.nodes().len()), (0, 1));
    let smallest = captured.iter().map(Vec::len).min().unwrap_or_default();
    assert!(answers(&attacker).iter().all(|answer| *answer <= smallest), "no amplification");
}

#[tokio::test]
async fn keys_are_changed_while_the_cluster_runs_and_nobody_is_lost() {
    let nodes = common::cluster(3).await;
    let mut events = nodes[0].subscribe();
    let (old, new) = (key(1).id(), key(2).id());
    for node in &nodes {
        node.install_key(key(2)).expect("there is room");
    }
    for node in &nodes {
        node.use_key(new).expect("it is installed");
    }
    for node in &nodes {
        node.remove_key(old).expect("nobody uses it");
    }
    nodes[2].set_tag("after", "rotation").expect("it is short");
    let seen = nodes[0].wait_until(|view| view.get(&id("node-2")).is_some_and(|node| node.tags.get("after").is_some()));
    within("the tag", seen).await.expect("it has not left");
    let event = within("an event", events.recv()).await.expect("the node lives");
    assert!(matches!(event, rpcnet_cluster::ClusterEvent::NodeUpdated(_)), "nothing else happened: {event:?}");
    assert_eq!(nodes[0].keys(), [new]);
    let late = start(keyless("late").with_key(key(2)).with_seeds([nodes[0].seed().to_string()])).await;
    all_alive(&late, 4).await;
}
