//! The gate in a world of two or three nodes whose network the test holds in its hands.

use std::{net::SocketAddr, time::Duration};

use proptest::prelude::*;

use super::{
    boot::BootId,
    counters::DatagramCounters,
    gate::{Gate, Opened, SealError},
    keyring::{ClusterKey, Keyring},
    layout::{CHALLENGE_BYTES, DATAGRAM_BYTES_MAX, PAYLOAD_BYTES_MAX},
};

/// A node with its address and what has reached its core.
struct Node {
    gate: Gate,
    addr: SocketAddr,
    received: Vec<Vec<u8>>,
}

/// A datagram on its way.
#[derive(Clone, Debug)]
struct Packet {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Node {
    fn new(id: u8, keyring: Keyring) -> Self {
        Self::boot(id, id, keyring)
    }

    /// A node at the address of `id`, in a run of its own.
    fn boot(id: u8, run: u8, keyring: Keyring) -> Self {
        let gate = Gate::sealed(keyring, BootId::from_bytes([run; 8]), &[run; 32], 100);
        Self { gate, addr: addr(id), received: Vec::new() }
    }

    fn send(&mut self, now: Duration, to: &Node, payload: &[u8]) -> Packet {
        let mut bytes = Vec::new();
        self.gate.seal(now, to.addr, payload, &mut bytes).expect("it is sealed");
        Packet { from: self.addr, to: to.addr, bytes }
    }

    /// Takes a packet; returns what it answers.
    fn take(&mut self, now: Duration, packet: &Packet) -> Option<Packet> {
        let mut bytes = packet.bytes.clone();
        match self.gate.open(now, packet.from, &mut bytes) {
            Opened::Payload(payload) => {
                self.received.push(payload.to_vec());
                None
            }
            Opened::Send(to, bytes) => Some(Packet { from: self.addr, to, bytes }),
            Opened::Nothing => None,
        }
    }

    fn counters(&self) -> DatagramCounters {
        self.gate.counters()
    }
}

/// Sends a payload and delivers all that follows from it; returns every packet.
fn exchange(now: Duration, from: &mut Node, to: &mut Node, payload: &[u8]) -> Vec<Packet> {
    let mut packets = vec![from.send(now, to, payload)];
    for turn in 0.. {
        let receiver = if turn % 2 == 0 { &mut *to } else { &mut *from };
        match receiver.take(now, packets.last().expect("there is one")) {
            Some(answer) => packets.push(answer),
            None => break,
        }
    }
    packets
}

fn ring(seed: u8) -> Keyring {
    Keyring::new(key(seed))
}

fn key(seed: u8) -> ClusterKey {
    ClusterKey::from_bytes([seed; 32])
}

fn addr(id: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, id], 7001))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const NOW: Duration = Duration::from_secs(100);

#[test]
fn the_first_payload_arrives_after_one_challenge_and_the_next_at_once() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    assert_eq!(exchange(NOW, &mut a, &mut b, b"ping").len(), 3, "hello, challenge, payload");
    assert_eq!(b.received, [b"ping"]);
    assert_eq!(exchange(NOW, &mut b, &mut a, b"ack").len(), 1, "the payload brought a ticket for the way back");
    assert_eq!(a.received, [b"ack"]);
    assert_eq!(exchange(NOW, &mut a, &mut b, b"ping again").len(), 1);
}

#[test]
fn both_may_begin_at_once() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    let (from_a, from_b) = (a.send(NOW, &b, b"from a"), b.send(NOW, &a, b"from b"));
    let for_a = b.take(NOW, &from_a).expect("a challenge");
    let for_b = a.take(NOW, &from_b).expect("a challenge");
    let (from_a, from_b) = (a.take(NOW, &for_a).expect("again"), b.take(NOW, &for_b).expect("again"));
    b.take(NOW, &from_a);
    a.take(NOW, &from_b);
    assert_eq!((&a.received[0][..], &b.received[0][..]), (&b"from b"[..], &b"from a"[..]));
}

#[test]
fn an_envelope_costs_38_bytes_and_a_full_payload_fits_a_datagram() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    let first = exchange(NOW, &mut a, &mut b, &[1; PAYLOAD_BYTES_MAX]);
    assert_eq!(first[2].bytes.len(), DATAGRAM_BYTES_MAX);
    exchange(NOW, &mut b, &mut a, b"ack");
    assert_eq!(a.send(NOW, &b, &[1; 100]).bytes.len(), 138);
    let error = a.gate.seal(NOW, b.addr, &[1; PAYLOAD_BYTES_MAX + 1], &mut Vec::new());
    assert_eq!(error, Err(SealError::TooLarge(PAYLOAD_BYTES_MAX + 1)));
}

#[test]
fn a_challenge_is_no_larger_than_what_it_answers() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    let packets = exchange(NOW, &mut a, &mut b, b"");
    assert_eq!(packets[0].bytes.len(), CHALLENGE_BYTES);
    assert_eq!(packets[1].bytes.len(), CHALLENGE_BYTES);
    // A short datagram with an old ticket gets none.
    let mut b = Node::boot(2, 3, ring(7));
    let short = a.send(NOW, &b, b"");
    assert!(short.bytes.len() < CHALLENGE_BYTES + 6);
    let answer = b.take(NOW, &short);
    assert!(answer.is_none_or(|answer| answer.bytes.len() <= short.bytes.len()));
}

#[test]
fn one_datagram_sent_again_and_again_draws_one_challenge() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    let hello = a.send(NOW, &b, b"ping");
    let answers = (0..1000).filter_map(|i| b.take(NOW + seconds(i), &hello)).count();
    assert_eq!((answers, b.counters().challenges_sent), (1, 1));
    assert_eq!(b.counters().unproven, 1000);
    assert!(b.received.is_empty());
}

#[test]
fn a_foreign_key_draws_no_answer_and_is_counted() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(8)));
    let packet = a.send(NOW, &b, b"ping");
    assert!(b.take(NOW, &packet).is_none());
    assert_eq!(b.counters(), DatagramCounters { unknown_key: 1, ..DatagramCounters::default() });
    // The same with the key's id forged.
    let mut forged = packet;
    forged.bytes[1..3].copy_from_slice(&key(8).id().to_bits().to_be_bytes());
    assert!(b.take(NOW, &forged).is_none());
    assert_eq!(b.counters().forged, 1);
}

#[test]
fn a_replayed_datagram_changes_nothing() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    let packets = exchange(NOW, &mut a, &mut b, b"ping");
    exchange(NOW, &mut b, &mut a, b"ack");
    for packet in packets.iter().filter(|packet| packet.to == addr(2)) {
        for later in [0, 5, 3600] {
            assert!(b.take(NOW + seconds(later), packet).is_none());
        }
    }
    // The challenge to a, too.
    let learned = a.counters().challenges_received;
    assert!(a.take(NOW, &packets[1]).is_none());
    assert_eq!((b.received.len(), a.counters().challenges_received), (1, learned));
    // The hello was never counted as seen, for there was no window yet; but it was challenged, and is not again.
    let counters = b.counters();
    assert_eq!((counters.replayed, counters.unproven, counters.challenges_sent), (5, 2, 1));
    assert_eq!(a.counters().unasked, 1);
}

#[test]
fn a_replay_to_a_fresh_node_changes_nothing() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    let mut captured = exchange(NOW, &mut a, &mut b, b"ping");
    captured.extend(exchange(NOW, &mut a, &mut b, b"news"));
    let mut fresh = Node::boot(2, 9, ring(7));
    for packet in captured.iter().filter(|packet| packet.to == addr(2)) {
        fresh.take(NOW, packet);
    }
    assert!(fresh.received.is_empty());
    assert!(fresh.counters().challenges_sent <= 1, "{:?}", fresh.counters());
}

#[test]
fn a_datagram_for_one_node_means_nothing_to_another() {
    let (mut a, mut b, mut c) = (Node::new(1, ring(7)), Node::new(2, ring(7)), Node::new(3, ring(7)));
    exchange(NOW, &mut a, &mut b, b"hello b");
    exchange(NOW, &mut a, &mut c, b"hello c");
    let redirected = a.send(NOW, &b, b"for b alone");
    c.take(NOW, &redirected);
    assert_eq!(c.received, [b"hello c"]);
}

#[test]
fn a_peer_that_restarts_is_believed_after_one_challenge_and_believes_again() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    exchange(NOW, &mut a, &mut b, b"ping");
    exchange(NOW, &mut b, &mut a, b"ack");
    let mut b = Node::boot(2, 9, ring(7));
    // What a sends with the old ticket is lost, but the challenge brings the new one.
    let packets = exchange(NOW, &mut a, &mut b, b"to the old one");
    assert_eq!(packets.len(), 2);
    assert_eq!(exchange(NOW, &mut a, &mut b, b"to the new one").len(), 1);
    assert_eq!(b.received, [b"to the new one"]);
    exchange(NOW, &mut b, &mut a, b"from the new one");
    assert_eq!(a.received, [&b"ack"[..], b"from the new one"]);
}

#[test]
fn a_ticket_that_was_not_used_in_time_opens_no_window() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    let hello = a.send(NOW, &b, b"ping");
    let challenge = b.take(NOW, &hello).expect("a challenge");
    let answer = a.take(NOW, &challenge).expect("the payload");
    assert!(b.take(NOW + seconds(30), &answer).is_some(), "another challenge");
    assert!(b.received.is_empty());
}

#[test]
fn keys_rotate_amid_traffic_without_losing_a_datagram() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    exchange(NOW, &mut a, &mut b, b"ping");
    exchange(NOW, &mut b, &mut a, b"ack");
    let steps: [fn(&mut Keyring); 3] = [
        |ring| assert_eq!(ring.install(key(8)), Ok(key(8).id())),
        |ring| ring.use_key(key(8).id()).expect("it is installed"),
        |ring| ring.remove(key(7).id()).expect("it is not in use"),
    ];
    let (mut expected, mut rings) = (1, [ring(7), ring(7)]);
    for step in steps {
        for turn in [true, false] {
            let (node, ring) = if turn { (&mut a, &mut rings[0]) } else { (&mut b, &mut rings[1]) };
            step(ring);
            node.gate.set_keyring(ring.clone());
            expected += 1;
            assert_eq!(exchange(NOW, &mut a, &mut b, b"ping").len(), 1);
            assert_eq!(exchange(NOW, &mut b, &mut a, b"ack").len(), 1);
            assert_eq!((a.received.len(), b.received.len()), (expected, expected));
        }
    }
    let mut outsider = Node::new(3, ring(7));
    assert_eq!(exchange(NOW, &mut outsider, &mut b, b"with the old key").len(), 1);
    assert_eq!(b.counters().unknown_key, 1);
}

#[test]
fn a_captured_datagram_of_a_removed_key_is_refused() {
    let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
    exchange(NOW, &mut a, &mut b, b"ping");
    let captured = a.send(NOW, &b, b"late");
    let mut ring = ring(7);
    let id = ring.install(key(8)).expect("there is room");
    ring.use_key(id).expect("it is installed");
    ring.remove(key(7).id()).expect("it is not in use");
    b.gate.set_keyring(ring);
    b.take(NOW, &captured);
    assert_eq!((b.received.len(), b.counters().unknown_key), (1, 1));
}

#[test]
fn a_crowd_is_bounded_and_an_evicted_peer_has_to_prove_itself_again() {
    let (mut b, mut peers) = (Node::new(200, ring(7)), Vec::new());
    b.gate = Gate::sealed(ring(7), BootId::from_bytes([200; 8]), &[200; 32], 3);
    for id in 1..=4 {
        let mut peer = Node::new(id, ring(7));
        exchange(NOW, &mut peer, &mut b, b"ping");
        peers.push(peer);
    }
    assert_eq!((b.received.len(), b.counters().crowded), (3, 1));
    let mut last = peers.pop().expect("there are four");
    for _ in 0..2 {
        // The first of them is challenged, for its ticket is too old by now.
        exchange(NOW + seconds(30), &mut last, &mut b, b"later");
    }
    let captured = peers.iter_mut().map(|peer| peer.send(NOW, &b, b"ping")).collect::<Vec<_>>();
    let before = b.received.len();
    let proven = captured.iter().filter(|packet| b.take(NOW + seconds(31), packet).is_none()).count();
    assert_eq!((proven, b.received.len() - before), (2, 2), "one of them was forgotten, and is challenged");
}

#[test]
fn without_a_key_gossip_stays_on_this_machine() {
    let here: SocketAddr = "127.0.0.1:7001".parse().expect("an address");
    let also_here: SocketAddr = "[::ffff:127.0.0.1]:7001".parse().expect("an address");
    let (mut gate, mut bytes) = (Gate::plain(), Vec::new());
    gate.seal(NOW, here, b"ping", &mut bytes).expect("this machine");
    assert_eq!(gate.open(NOW, also_here, &mut bytes.clone()), Opened::Payload(b"ping"));
    assert_eq!(gate.open(NOW, addr(1), &mut bytes.clone()), Opened::Nothing);
    assert_eq!(gate.counters().refused, 1);
    assert_eq!(gate.seal(NOW, addr(1), b"ping", &mut bytes), Err(SealError::NotLoopback(addr(1))));
    // A node with a key takes nothing plain, not even from its own machine.
    let mut sealed = Node::new(1, ring(7));
    gate.seal(NOW, here, b"ping", &mut bytes).expect("this machine");
    assert_eq!(sealed.gate.open(NOW, here, &mut bytes), Opened::Nothing);
    assert_eq!(sealed.counters().refused, 1);
}

proptest! {
    #[test]
    fn arbitrary_bytes_change_nothing_and_draw_no_answer(bytes in proptest::collection::vec(any::<u8>(), 0..1300), kind in 0_u8..8) {
        let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
        exchange(NOW, &mut a, &mut b, b"ping");
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = 0x10 | kind;
        }
        let before = b.counters().dropped();
        let packet = Packet { from: a.addr, to: b.addr, bytes };
        prop_assert!(b.take(NOW, &packet).is_none());
        prop_assert_eq!((b.received.len(), b.counters().dropped()), (1, before + 1));
    }

    #[test]
    fn a_datagram_with_any_bit_flipped_is_refused(byte in 0_usize..200, bit in 0_u32..8, introduced: bool) {
        let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
        exchange(NOW, &mut a, &mut b, b"ping");
        if introduced {
            exchange(NOW, &mut b, &mut a, b"ack");
        }
        let packet = a.send(NOW, &b, b"some news");
        let mut damaged = packet.clone();
        let index = byte % damaged.bytes.len();
        damaged.bytes[index] ^= 1 << bit;
        prop_assert!(b.take(NOW, &damaged).is_none());
        prop_assert_eq!(b.received.len(), 1);
        b.take(NOW, &packet);
        prop_assert_eq!(b.received.len(), 2, "the undamaged one still counts");
    }

    #[test]
    fn however_the_network_repeats_and_reorders_each_payload_arrives_once(
        order in proptest::collection::vec(0_usize..60, 1..300)
    ) {
        let (mut a, mut b) = (Node::new(1, ring(7)), Node::new(2, ring(7)));
        exchange(NOW, &mut a, &mut b, b"first");
        let packets: Vec<Packet> = (0..60_u8).map(|i| a.send(NOW, &b, &[i])).collect();
        for index in &order {
            b.take(NOW, &packets[*index]);
        }
        let mut arrived: Vec<_> = b.received[1..].iter().map(|payload| payload[0]).collect();
        let mut sent: Vec<_> = order.iter().map(|index| *index as u8).collect();
        arrived.sort_unstable();
        sent.sort_unstable();
        sent.dedup();
        prop_assert_eq!(arrived, sent);
    }
}
