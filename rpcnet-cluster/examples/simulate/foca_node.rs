//! foca 2.0 in the simulated world: the yardstick. With its own settings for clusters of the same size.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    num::NonZeroU32,
};

use foca::{
    AccumulatingRuntime, Config, Foca, Identity, Member, NoCustomBroadcast, OwnedNotification, PostcardCodec, Timer,
};
use rand::{SeedableRng, rngs::StdRng};
use rpcnet_cluster::{
    membership::{HEADER_BYTES, Time},
    simulation::{Birth, Known, Observation, Outgoing, Protocol},
};
use serde::{Deserialize, Serialize};

/// A node by its number, and how often it came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Name {
    index: u32,
    /// As large as a generation in the membership core, so that both send as much.
    run: u64,
}

impl Identity for Name {
    type Addr = u32;

    fn renew(&self) -> Option<Self> {
        Some(Self { index: self.index, run: self.run + 1 })
    }

    fn addr(&self) -> u32 {
        self.index
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self.run > adversary.run
    }
}

/// A node that runs foca.
pub(crate) struct FocaNode {
    foca: Foca<Name, PostcardCodec, StdRng, NoCustomBroadcast>,
    runtime: AccumulatingRuntime<Name>,
    timers: BinaryHeap<Reverse<(Time, u64)>>,
    waiting: std::collections::BTreeMap<u64, Timer<Name>>,
    sequence: u64,
    packets: VecDeque<Outgoing>,
}

impl FocaNode {
    /// Takes what foca wants done. Its errors, of packets that are too late or malformed, have no effect.
    fn drain(&mut self, now: Time) {
        while let Some((to, bytes)) = self.runtime.to_send() {
            self.packets.push_back(Outgoing::Packet { to: to.index as usize, payload: bytes.to_vec() });
        }
        while let Some((after, timer)) = self.runtime.to_schedule() {
            self.sequence += 1;
            self.timers.push(Reverse((now + after, self.sequence)));
            self.waiting.insert(self.sequence, timer);
        }
    }
}

impl Protocol for FocaNode {
    type Config = Config;

    const OVERHEAD_BYTES: usize = HEADER_BYTES;

    fn spawn(config: &Config, birth: &Birth<'_>) -> Self {
        let name = |index: usize| Name { index: index as u32, run: FIRST };
        let own = Name { run: FIRST + birth.generation, ..name(birth.index) };
        let random = StdRng::seed_from_u64(birth.seed);
        let mut node = Self {
            foca: Foca::new(own, config.clone(), random, PostcardCodec),
            runtime: AccumulatingRuntime::new(),
            timers: BinaryHeap::new(),
            waiting: std::collections::BTreeMap::new(),
            sequence: 0,
            packets: VecDeque::new(),
        };
        match birth.known {
            Known::Below(count) => {
                let others = (0..count).filter(|index| *index != birth.index).map(|index| Member::alive(name(index)));
                let _ = node.foca.apply_many(others, false, &mut node.runtime);
                while node.runtime.to_notify().is_some() {}
            }
            Known::Seeds(seeds) => {
                for seed in seeds {
                    let _ = node.foca.announce(name(*seed), &mut node.runtime);
                }
            }
        }
        node.drain(birth.now);
        node
    }

    fn handle_packet(&mut self, now: Time, _from: usize, payload: &[u8]) {
        let _ = self.foca.handle_data(payload, &mut self.runtime);
        self.drain(now);
    }

    fn handle_timeout(&mut self, now: Time) {
        while let Some(Reverse((at, sequence))) = self.timers.peek().copied() {
            if at > now {
                return;
            }
            self.timers.pop();
            if let Some(timer) = self.waiting.remove(&sequence) {
                let _ = self.foca.handle_timer(timer, &mut self.runtime);
                self.drain(now);
            }
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    fn poll_outgoing(&mut self) -> Option<Outgoing> {
        self.packets.pop_front()
    }

    fn poll_observation(&mut self) -> Option<Observation> {
        loop {
            return Some(match self.runtime.to_notify()? {
                OwnedNotification::MemberUp(name) => Observation::Joined(name.index as usize),
                OwnedNotification::MemberDown(name) => Observation::Failed(name.index as usize),
                OwnedNotification::Active => Observation::Welcomed,
                _ => continue,
            });
        }
    }

    fn members(&self) -> Vec<usize> {
        self.foca.iter_members().map(|member| member.id().index as usize).collect()
    }

    fn leave(&mut self, now: Time) {
        let _ = self.foca.leave_cluster(&mut self.runtime);
        self.drain(now);
    }
}

/// foca's settings for a local network of so many nodes.
pub(crate) fn config(nodes: usize) -> Config {
    let size = NonZeroU32::new(nodes as u32).unwrap_or(NonZeroU32::MIN);
    Config::new_lan(size)
}

/// The first run of every node.
const FIRST: u64 = 1_790_000_000_000;
