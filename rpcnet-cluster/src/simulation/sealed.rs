//! The whole stack in a world of its own: the membership core behind the datagram gate.

use std::{collections::VecDeque, time::Duration};

use super::{Birth, Core, CoreConfig, Known, Observation, Outgoing, Protocol, World, address_of, index_of};
use crate::{
    ClusterKey, Keyring,
    datagram::{BootId, Gate, Opened},
    membership::{HEADER_BYTES, Settings, Tags, Time, mix},
};

/// A node whose every datagram is sealed and opened.
struct Sealed {
    core: Core,
    gate: Gate,
    ring: Keyring,
    now: Time,
    challenges: VecDeque<Outgoing>,
}

impl Sealed {
    fn change(&mut self, change: impl FnOnce(&mut Keyring)) {
        change(&mut self.ring);
        self.gate.set_keyring(self.ring.clone());
    }
}

impl Protocol for Sealed {
    type Config = CoreConfig;

    const OVERHEAD_BYTES: usize = HEADER_BYTES;

    fn spawn(config: &CoreConfig, birth: &Birth<'_>) -> Self {
        let ring = Keyring::new(key(1));
        let boot = BootId::from_bytes(mix(birth.seed).to_be_bytes());
        let gate = Gate::sealed(ring.clone(), boot, &[birth.seed as u8; 32], 1000);
        Self { core: Core::spawn(config, birth), gate, ring, now: birth.now, challenges: VecDeque::new() }
    }

    fn handle_packet(&mut self, now: Time, from: usize, payload: &[u8]) {
        self.now = now;
        let mut datagram = payload.to_vec();
        match self.gate.open(now.since(Time::ZERO), address_of(from), &mut datagram) {
            Opened::Payload(payload) => self.core.handle_packet(now, from, payload),
            Opened::Send(to, payload) => self.challenges.push_back(Outgoing::Packet { to: index_of(to), payload }),
            Opened::Nothing => {}
        }
    }

    fn handle_timeout(&mut self, now: Time) {
        self.now = now;
        self.core.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.core.poll_timeout()
    }

    fn poll_outgoing(&mut self) -> Option<Outgoing> {
        if let Some(challenge) = self.challenges.pop_front() {
            return Some(challenge);
        }
        match self.core.poll_outgoing()? {
            Outgoing::Packet { to, payload } => {
                let mut datagram = Vec::new();
                self.gate.seal(self.now.since(Time::ZERO), address_of(to), &payload, &mut datagram).expect("it fits");
                Some(Outgoing::Packet { to, payload: datagram })
            }
            bulk @ Outgoing::Bulk { .. } => Some(bulk),
        }
    }

    fn poll_observation(&mut self) -> Option<Observation> {
        self.core.poll_observation()
    }

    fn handle_bulk_request(&mut self, now: Time, payload: &[u8]) -> Option<Vec<u8>> {
        self.core.handle_bulk_request(now, payload)
    }

    fn handle_bulk_answer(&mut self, now: Time, id: u64, answer: Option<&[u8]>) {
        self.core.handle_bulk_answer(now, id, answer);
    }

    fn members(&self) -> Vec<usize> {
        self.core.members()
    }

    fn publish(&mut self, now: Time, value: &str) {
        self.core.publish(now, value);
    }

    fn leave(&mut self, now: Time) {
        self.core.leave(now);
    }
}

fn key(seed: u8) -> ClusterKey {
    ClusterKey::from_bytes([seed; 32])
}

fn change_everywhere(world: &mut World<Sealed>, change: impl Fn(&mut Keyring)) {
    for node in 0..NODES {
        world.with(node, |node, _| node.change(&change));
        // An operator's tool goes from node to node.
        world.run_for(Duration::from_millis(300));
    }
}

#[test]
fn keys_are_changed_at_10_percent_loss_and_nobody_is_found_failed() {
    let config = CoreConfig::new(Settings::default(), Tags::default(), NODES);
    let mut world = World::<Sealed>::acquainted(config, NODES, 1);
    world.network.link.loss = 0.1;
    world.run_for(Duration::from_secs(10));
    world.observed.clear();
    change_everywhere(&mut world, |ring| assert!(ring.install(key(2)).is_ok()));
    change_everywhere(&mut world, |ring| ring.use_key(key(2).id()).expect("it is installed"));
    change_everywhere(&mut world, |ring| ring.remove(key(1).id()).expect("nobody uses it"));
    world.with(3, |node, now| node.publish(now, "with the new key"));
    world.run_for(Duration::from_secs(10));
    let updates = world.observed.iter().filter(|seen| seen.what == Observation::Updated(3)).count();
    assert_eq!((updates, world.observed.len()), (NODES - 1, NODES - 1), "{:?}", world.observed);
    assert!(world.agrees());
    for node in 0..NODES {
        let counters = world.node(node).map(|node| node.gate.counters());
        assert!(counters.is_some_and(|counters| counters.unknown_key == 0 && counters.forged == 0), "{counters:?}");
    }
}

#[test]
fn a_node_that_restarts_behind_the_gate_is_believed_within_a_second() {
    let config = CoreConfig::new(Settings::default(), Tags::default(), NODES);
    let mut world = World::<Sealed>::acquainted(config, NODES, 2);
    world.run_for(Duration::from_secs(10));
    world.crash(3);
    world.start(3, Known::Seeds(&[0]));
    assert!(world.run_until(Duration::from_millis(100), Duration::from_secs(1), |world| {
        let sees = |by: usize| world.node(by).is_some_and(|node| node.members().contains(&3));
        world.agrees() && (0..NODES).filter(|by| *by != 3).all(sees)
    }));
}

const NODES: usize = 20;
