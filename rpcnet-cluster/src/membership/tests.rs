//! What others may say, and what this node makes of it: claims that no honest node would send, and nodes of the same name.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::{
    node::{GENERATION_MAX, INCARNATION_MAX, Standing},
    wire::{Claim, Message, Packet, PacketWriter, Section},
    *,
};

const GENERATION: u64 = 1_790_000_000_000;

fn address(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn node(name: &str, port: u16, generation: u64) -> Membership {
    let identity = Identity {
        id: NodeId::new(name).expect("short"),
        gossip_address: address(port),
        rpc_address: address(port + 1000),
        generation,
        tags: Tags::default(),
    };
    Membership::new(Settings::default(), identity, u64::from(port), Time::ZERO).expect("the defaults are valid")
}

/// Delivers what the nodes send each other, at once, until nobody has anything to say. A datagram that one of them sends to
/// an address arrives where `route` says.
fn exchange(now: Time, nodes: &mut [Membership], route: impl Fn(SocketAddr, SocketAddr) -> SocketAddr) {
    for _ in 0..100 {
        let mut quiet = true;
        for from in 0..nodes.len() {
            let source = nodes[from].local().gossip_address;
            while let Some(transmit) = nodes[from].poll_transmit() {
                quiet = false;
                let to = route(source, transmit.to);
                if let Some(to) = nodes.iter_mut().find(|node| node.local().gossip_address == to) {
                    to.handle_packet(now, source, &transmit.payload);
                }
            }
            while let Some(bulk) = nodes[from].poll_bulk() {
                quiet = false;
                let to = nodes.iter_mut().find(|node| node.local().id == bulk.to.id);
                if let Some(answer) = to.and_then(|node| node.handle_bulk_request(now, &bulk.payload)) {
                    nodes[from].handle_bulk_response(now, bulk.id, &answer);
                }
            }
        }
        if quiet {
            return;
        }
    }
    panic!("they never stop talking");
}

/// Lets time pass in steps of ten milliseconds.
fn run(now: &mut Time, seconds: u64, nodes: &mut [Membership]) {
    run_routed(now, seconds, nodes, |_, to| to);
}

fn run_routed(
    now: &mut Time,
    seconds: u64,
    nodes: &mut [Membership],
    route: impl Fn(SocketAddr, SocketAddr) -> SocketAddr,
) {
    for _ in 0..seconds * 100 {
        *now = *now + std::time::Duration::from_millis(10);
        for node in &mut *nodes {
            if node.poll_timeout().is_some_and(|due| due <= *now) {
                node.handle_timeout(*now);
            }
        }
        exchange(*now, nodes, &route);
    }
}

fn events(node: &mut Membership) -> Vec<Event> {
    std::iter::from_fn(|| node.poll_event()).collect()
}

/// Two nodes that know each other.
fn pair() -> (Time, Vec<Membership>) {
    let mut nodes = vec![node("a", 1, GENERATION), node("b", 2, GENERATION)];
    let mut now = Time::ZERO;
    nodes[1].join(now, vec![address(1)]);
    run(&mut now, 2, &mut nodes);
    assert!(nodes.iter().all(|node| node.is_joined() && node.node_count() == 2));
    assert_eq!(nodes[0].digest(), nodes[1].digest());
    (now, nodes)
}

/// What a node sends that says `claims`.
fn saying(sender: &str, claims: Vec<Claim>) -> Vec<u8> {
    let key = NodeId::new(sender).expect("short").key();
    let mut writer = PacketWriter::new(key, GENERATION, Message::Gossip, 1132);
    claims.into_iter().for_each(|claim| assert!(writer.add(&Section::Claim(claim))));
    writer.finish()
}

fn claim(name: &str, generation: u64, incarnation: u32, state: MemberState) -> Claim {
    let standing = Standing { generation, incarnation, state };
    Claim::bare(NodeId::new(name).expect("short").key(), standing, 1)
}

#[test]
fn a_forged_incarnation_is_refused_or_outdone() {
    let (mut now, mut nodes) = pair();
    let highest = claim("a", GENERATION, INCARNATION_MAX, MemberState::Failed);
    nodes[1].handle_packet(now, address(9), &saying("b2", vec![highest.clone()]));
    let absurd = claim("a", GENERATION, u32::MAX, MemberState::Failed);
    let malformed = nodes[1].counters().malformed;
    nodes[1].handle_packet(now, address(9), &saying("b2", vec![absurd]));
    assert_eq!(nodes[1].counters().malformed, malformed + 1);
    // The highest that is allowed makes a suspicion, and the accused goes on under a new generation.
    run(&mut now, 3, &mut nodes);
    assert_eq!(nodes[0].local().generation, GENERATION + 1);
    assert!(nodes.iter().all(|node| node.node_count() == 2));
    assert_eq!(nodes[0].digest(), nodes[1].digest());
}

#[test]
fn a_generation_from_the_far_future_is_refused() {
    let (now, mut nodes) = pair();
    nodes[0].handle_packet(now, address(2), &saying("b", vec![claim("b", GENERATION_MAX, 0, MemberState::Failed)]));
    nodes[0].handle_packet(now, address(2), &saying("b", vec![claim("a", GENERATION_MAX, 0, MemberState::Left)]));
    assert_eq!(nodes[0].counters().refused, 2);
    assert_eq!((nodes[0].node_count(), nodes[0].local().generation), (2, GENERATION));
}

#[test]
fn whoever_is_said_to_have_failed_is_only_suspected_and_refutes() {
    let (mut now, mut nodes) = pair();
    events(&mut nodes[1]);
    nodes[1].handle_packet(now, address(9), &saying("x", vec![claim("a", GENERATION, 0, MemberState::Failed)]));
    run(&mut now, 2, &mut nodes);
    let events = events(&mut nodes[1]);
    assert!(matches!(&events[..], [Event::NodeSuspect { .. }, Event::NodeRecovered(_)]), "{events:?}");
    assert_eq!(nodes[0].incarnation(), 1);
}

#[test]
fn whoever_is_said_to_have_left_and_has_not_takes_a_new_generation() {
    let (mut now, mut nodes) = pair();
    nodes[1].handle_packet(now, address(9), &saying("x", vec![claim("a", GENERATION, 0, MemberState::Left)]));
    assert_eq!(nodes[1].node_count(), 1);
    run(&mut now, 10, &mut nodes);
    assert_eq!(nodes[0].local().generation, GENERATION + 1);
    assert_eq!(nodes[1].node_count(), 2);
}

#[test]
fn of_two_nodes_of_one_name_the_older_keeps_still_until_the_other_is_gone() {
    let (mut now, mut nodes) = pair();
    nodes.push(node("a", 3, GENERATION + 5));
    nodes[2].join(now, vec![address(2)]);
    run(&mut now, 10, &mut nodes);
    let conflicts = events(&mut nodes[0]).into_iter().filter(|event| matches!(event, Event::Conflict { .. })).count();
    assert_eq!(conflicts, 1, "the older one is told, once");
    assert_eq!(nodes[0].local().generation, GENERATION, "nobody outbids anybody");
    assert_eq!(nodes[2].local().generation, GENERATION + 5);
    let seen = nodes[1].member(&NodeId::new("a").expect("short")).map(|member| member.record.gossip_address);
    assert_eq!(seen, Some(address(3)));
    // The younger one leaves, and the older takes its name back.
    let mut younger = nodes.remove(2);
    younger.leave(now);
    while let Some(transmit) = younger.poll_transmit() {
        nodes[1].handle_packet(now, address(3), &transmit.payload);
    }
    nodes[0].join(now, vec![address(2)]);
    run(&mut now, 15, &mut nodes);
    let seen =
        nodes[1].member(&NodeId::new("a").expect("short")).map(|member| (member.record.gossip_address, member.state));
    assert_eq!(seen, Some((address(1), MemberState::Alive)));
}

#[test]
fn another_node_in_a_failed_nodes_place_does_not_answer_for_it() {
    let (mut now, mut nodes) = pair();
    nodes[1] = node("c", 2, GENERATION);
    nodes[1].join(now, vec![address(1)]);
    run(&mut now, 7, &mut nodes);
    let b = NodeId::new("b").expect("short");
    assert_eq!(nodes[0].member(&b).map(|member| member.state), Some(MemberState::Failed));
    assert_eq!(nodes[0].node_count(), 2);
}

/// Strangers cannot make up what a member says, but they can carry it to another member.
#[test]
fn a_node_whose_pings_are_led_to_another_one_is_suspected_and_refutes() {
    let (mut now, mut nodes) = pair();
    nodes.push(node("c", 3, GENERATION));
    nodes[2].join(now, vec![address(1)]);
    run(&mut now, 5, &mut nodes);
    nodes.iter_mut().for_each(|node| drop(events(node)));
    let b_is_c = |from, to| if (from, to) == (address(1), address(2)) { address(3) } else { to };
    run_routed(&mut now, 60, &mut nodes, b_is_c);
    let seen = events(&mut nodes[0]);
    let is_b = |record: &Arc<Record>| record.id.as_str() == "b";
    assert!(seen.iter().any(|event| matches!(event, Event::NodeSuspect { node, .. } if is_b(node))), "{seen:?}");
    let all = nodes.iter_mut().flat_map(events).chain(seen);
    assert_eq!(all.filter(|event| matches!(event, Event::NodeFailed(_))).count(), 0);
    run(&mut now, 5, &mut nodes);
    assert!(nodes.iter().all(|node| node.members().len() == 2 && node.digest() == nodes[0].digest()));
}

#[test]
fn an_address_that_differs_from_the_one_advertised_is_reported_once() {
    let (mut now, mut nodes) = pair();
    let mut third = node("c", 3, GENERATION);
    for _ in 0..3 {
        third.join(now, vec![address(1)]);
        while let Some(transmit) = third.poll_transmit() {
            nodes[0].handle_packet(now, address(33), &transmit.payload);
        }
        while let Some(transmit) = nodes[0].poll_transmit() {
            third.handle_packet(now, address(1), &transmit.payload);
        }
        now = now + std::time::Duration::from_millis(100);
    }
    let mismatches: Vec<_> =
        events(&mut third).into_iter().filter(|event| matches!(event, Event::AddressMismatch { .. })).collect();
    assert_eq!(mismatches, [Event::AddressMismatch { observed: address(33) }]);
}

#[test]
fn nobody_can_point_this_nodes_pings_at_a_third_party() {
    let (now, mut nodes) = pair();
    let key = NodeId::new("b").expect("short").key();
    let request = Message::Request { nonce: 7, target: key, address: address(666) };
    let writer = PacketWriter::new(NodeId::new("x").expect("short").key(), GENERATION, request, 1132);
    nodes[0].handle_packet(now, address(9), &writer.finish());
    assert!(std::iter::from_fn(|| nodes[0].poll_transmit()).all(|transmit| transmit.to != address(666)));
}

#[test]
fn fields_that_a_later_version_adds_to_a_record_reach_third_nodes_through_this_version() {
    let (mut now, mut nodes) = pair();
    let mut later = Record::clone(node("later", 5, GENERATION).local());
    later.unknown = [42, 1, 2, 3].into();
    let standing = Standing { generation: GENERATION, incarnation: 0, state: MemberState::Alive };
    let claim = Claim { record: Some(later.clone()), ..Claim::bare(later.id.key(), standing, 1) };
    nodes[0].handle_packet(now, address(5), &saying("later", vec![claim]));
    run(&mut now, 1, &mut nodes);
    assert_eq!(nodes[1].member(&later.id).map(|member| member.record.unknown.to_vec()), Some(vec![42, 1, 2, 3]));
}

#[test]
fn a_node_with_an_ipv6_address_is_a_member_like_any_other() {
    let (mut now, mut nodes) = pair();
    let mut sixth = node("six", 6, GENERATION);
    let mut record = Record::clone(&sixth.local.record);
    record.gossip_address = "[::1]:6".parse().expect("an address");
    sixth.local.record = record.into();
    nodes.push(sixth);
    nodes[2].join(now, vec![address(1)]);
    run(&mut now, 3, &mut nodes);
    assert!(nodes.iter().all(|node| node.node_count() == 3));
}

#[test]
fn members_and_departed_members_stay_within_their_numbers() {
    let settings = Settings { members_max: 50, departed_max: 10, ..Settings::default() };
    let mut small = Membership { settings, ..node("small", 1, GENERATION) };
    for index in 0..200 {
        let record = Record::clone(node(&format!("n{index}"), 2, GENERATION).local());
        let state = if index % 2 == 0 { MemberState::Alive } else { MemberState::Failed };
        let standing = Standing { generation: GENERATION, incarnation: 0, state };
        let claim = Claim { record: Some(record.clone()), ..Claim::bare(record.id.key(), standing, 1) };
        small.handle_packet(Time::ZERO, address(2), &saying("x", vec![claim]));
    }
    assert_eq!((small.node_count(), small.departed().len()), (50, 10));
    assert!(small.counters().overflowed > 0);
    // Later runs of those that are members, over before anybody has heard of them.
    for index in (0..100).step_by(2) {
        let record = Record::clone(node(&format!("n{index}"), 2, GENERATION + 1).local());
        let standing = Standing { generation: GENERATION + 1, incarnation: 0, state: MemberState::Left };
        let claim = Claim { record: Some(record.clone()), ..Claim::bare(record.id.key(), standing, 1) };
        small.handle_packet(Time::ZERO, address(2), &saying("x", vec![claim]));
    }
    assert_eq!((small.node_count(), small.departed().len()), (1, 10), "{:?}", small.counters());
    small.assert_sound();
}

#[test]
fn packets_come_whole_or_not_at_all() {
    let (now, mut nodes) = pair();
    let mut payload = saying("b", vec![claim("b", GENERATION, 3, MemberState::Alive)]);
    payload.extend([1, 200]);
    let digest = nodes[0].digest();
    nodes[0].handle_packet(now, address(2), &payload);
    assert!(Packet::decode(&payload).is_err());
    assert_eq!(nodes[0].digest(), digest);
}

#[test]
fn after_a_stall_nobody_is_accused_for_what_this_node_has_slept_through() {
    let (mut now, mut nodes) = pair();
    run(&mut now, 5, &mut nodes);
    now = now + std::time::Duration::from_secs(60);
    events(&mut nodes[0]);
    nodes[0].handle_timeout(now);
    assert_eq!(nodes[0].counters().stalls, 1);
    run(&mut now, 5, &mut nodes[..]);
    assert_eq!(events(&mut nodes[0]), []);
}

/// Something that a node may be told, by anybody, in any order.
#[derive(Clone, Debug)]
enum Told {
    Claim { about: u8, generation: u64, incarnation: u32, state: u8, with_record: bool },
    Message { kind: u8, nonce: u32 },
    Time { millis: u16 },
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![
        4 => (0..6u8, 0..3u64, 0..4u32, 0..4u8, any::<bool>()).prop_map(|(about, generation, incarnation, state, with_record)| {
            Told::Claim { about, generation, incarnation, state, with_record }
        }),
        1 => (0..7u8, 0..4u32).prop_map(|(kind, nonce)| Told::Message { kind, nonce }),
        1 => (0..5000u16).prop_map(|millis| Told::Time { millis }),
    ]
}

fn payload_of(told: &Told) -> Option<Vec<u8>> {
    let name = |about: u8| format!("n{about}");
    let sender = NodeId::new("n1").expect("short").key();
    Some(match told {
        Told::Claim { about, generation, incarnation, state, with_record } => {
            let state = MemberState::from_byte(*state).expect("one of four");
            let mut claim = claim(&name(*about), GENERATION + generation, *incarnation, state);
            if *with_record {
                claim.record =
                    Some(Record::clone(node(&name(*about), u16::from(*about) + 1, GENERATION + generation).local()));
            }
            saying("n1", vec![claim])
        }
        Told::Message { kind, nonce } => {
            let (nonce, digest) = (*nonce, 7);
            let message = match kind {
                0 => Message::Ping { nonce, digest },
                1 => Message::Ack { nonce, digest },
                2 => Message::Nack { nonce },
                3 => Message::Relayed { nonce },
                4 => Message::Join,
                5 => Message::Welcome,
                _ => Message::Request { nonce, target: NodeId::new("n2").expect("short").key(), address: address(3) },
            };
            PacketWriter::new(sender, GENERATION, message, 1132).finish()
        }
        Told::Time { .. } => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_node_is_told_it_stays_sound_and_says_little(story in prop::collection::vec(told(), 1..120)) {
        let mut node = node("n0", 1, GENERATION);
        let mut now = Time::ZERO;
        for told in &story {
            match (payload_of(told), told) {
                (Some(payload), _) => node.handle_packet(now, address(2), &payload),
                (None, Told::Time { millis }) => {
                    now = now + std::time::Duration::from_millis(u64::from(*millis));
                    node.handle_timeout(now);
                }
                (None, Told::Claim { .. } | Told::Message { .. }) => {}
            }
            node.assert_sound();
            let sent = std::iter::from_fn(|| node.poll_transmit()).collect::<Vec<_>>();
            prop_assert!(sent.len() < 200 && sent.iter().all(|transmit| transmit.payload.len() <= 1132), "{}", sent.len());
            while node.poll_bulk().is_some() || node.poll_event().is_some() {}
        }
    }
}
