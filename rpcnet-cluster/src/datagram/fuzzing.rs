//! The gate against a network that keeps, changes, repeats and makes up datagrams.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use super::{BootId, ClusterKey, Gate, Keyring, Opened};
use crate::__fuzzing::Script;

/// Three nodes with one key, one with another key and one without a key, and all that they ever sent.
///
/// What reaches a core was sealed by a member, and reaches one core, once. Everything else is answered with nothing, or with
/// one challenge that is no larger. Which core is not for the gate to say: whoever leads all that is sent to one node to
/// another one makes that one answer, under its own name.
pub fn envelopes(data: &[u8]) {
    let mut script = Script(data);
    let mut world = World::new(data);
    while !script.is_over() {
        match script.below(5) {
            0 => world.now += Duration::from_millis(u64::from(script.number())),
            1 => world.say(script.below(NODES), script.below(NODES), script.byte()),
            2 | 3 if !world.wire.is_empty() => {
                let packet = world.wire[script.below(world.wire.len())].clone();
                let (to, from) = (script.below(NODES), addr(script.below(NODES + 1)));
                let (to, from) = if script.byte() < 200 { (packet.to, packet.from) } else { (to, from) };
                let mut bytes = packet.bytes.clone();
                let at = usize::from(script.number());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= script.byte();
                }
                world.deliver(from, to, bytes);
            }
            4 => world.change_keys(script.below(SEALED), script.byte()),
            _ => {
                let (from, to) = (addr(script.below(NODES + 1)), script.below(NODES));
                world.deliver(from, to, script.bytes().to_vec());
            }
        }
    }
}

struct World {
    story: u64,
    now: Duration,
    gates: Vec<Gate>,
    rings: Vec<Keyring>,
    /// Whatever was sent, for good.
    wire: Vec<Sent>,
    said: u32,
    heard: BTreeSet<u32>,
}

#[derive(Clone)]
struct Sent {
    from: SocketAddr,
    to: usize,
    bytes: Vec<u8>,
}

impl World {
    /// Each story has keys and boots of its own: else the fuzzer would learn datagrams from one and tell them in another.
    fn new(story: &[u8]) -> Self {
        let hash = |hash: u64, next: &u8| (hash ^ u64::from(*next)).wrapping_mul(0x0000_0100_0000_01b3);
        let story = story.iter().fold(0xcbf2_9ce4_8422_2325u64, hash);
        let rings: Vec<_> = (0..SEALED).map(|node| Keyring::new(key(story, u8::from(node == FOREIGN)))).collect();
        let sealed = |(node, ring): (u8, &Keyring)| {
            let boot = BootId::from_bytes(story.wrapping_add(node.into()).to_be_bytes());
            Gate::sealed(ring.clone(), boot, &[node + 1; 32], PEERS_MAX)
        };
        let gates = (0u8..).zip(&rings).map(sealed).chain([Gate::plain()]).collect();
        Self { story, now: Duration::ZERO, gates, rings, wire: Vec::new(), said: 0, heard: BTreeSet::new() }
    }

    fn say(&mut self, from: usize, to: usize, length: u8) {
        self.said += 1;
        // Which of all it is; the rest is for the length.
        let mut payload = self.said.to_be_bytes().to_vec();
        payload.resize(payload.len() + usize::from(length), 7);
        let mut bytes = Vec::new();
        if self.gates[from].seal(self.now, addr(to), &payload, &mut bytes).is_ok() {
            self.put(from, to, bytes);
        }
    }

    fn put(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        if self.wire.len() < WIRE_MAX {
            self.wire.push(Sent { from: addr(from), to, bytes });
        }
    }

    fn deliver(&mut self, from: SocketAddr, to: usize, mut bytes: Vec<u8>) {
        let authentic = self.wire.iter().any(|sent| sent.bytes == bytes);
        let (length, kind) = (bytes.len(), bytes.first().map_or(0, |first| first & 0x0f));
        let before = self.gates[to].counters();
        match self.gates[to].open(self.now, from, &mut bytes) {
            Opened::Payload(payload) if to < SEALED => {
                assert!(authentic, "somebody with the key has sealed it");
                let number = [payload[0], payload[1], payload[2], payload[3]];
                assert!(self.heard.insert(u32::from_be_bytes(number)), "it comes once, to one node");
            }
            Opened::Payload(payload) => assert_eq!((kind, payload.len() + 1), (0, length)),
            Opened::Send(whom, answer) => {
                assert!(authentic, "a stranger gets no answer");
                assert!(kind == CHALLENGE || whom == from && answer.len() <= length, "no amplification");
                if let Some(whom) = (0..NODES).find(|node| addr(*node) == whom) {
                    self.put(to, whom, answer);
                }
            }
            Opened::Nothing => {
                let after = self.gates[to].counters();
                let taken = after.challenges_received - before.challenges_received;
                assert_eq!(after.dropped() - before.dropped() + taken, 1, "what is dropped is counted");
            }
        }
    }

    fn change_keys(&mut self, node: usize, how: u8) {
        let ring = &mut self.rings[node];
        let key = key(self.story, how & 3);
        // Some of it is refused, as it would be to an operator.
        let _ = match how >> 6 {
            0 => ring.install(key).map(drop),
            1 => ring.use_key(key.id()),
            _ => ring.remove(key.id()),
        };
        self.gates[node].set_keyring(ring.clone());
    }
}

fn key(story: u64, number: u8) -> ClusterKey {
    let mut bytes = [number; 32];
    bytes[..8].copy_from_slice(&story.to_be_bytes());
    ClusterKey::from_bytes(bytes)
}

fn addr(node: usize) -> SocketAddr {
    ([127, 0, 0, 1], 7000 + node as u16).into()
}

const SEALED: usize = 4;
const FOREIGN: usize = 3;
const NODES: usize = SEALED + 1;
const CHALLENGE: u8 = 4;
/// Few, so that windows are evicted.
const PEERS_MAX: usize = 2;
const WIRE_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_network_gets_past_the_gate(data in prop::collection::vec(any::<u8>(), 0..600)) {
            envelopes(&data);
        }
    }
}
