//! The world: what happens when, and to whom.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, VecDeque},
    hash::{Hash, Hasher},
    time::Duration,
};

use super::{Birth, Known, Network, Observation, Outgoing, Protocol};
use crate::membership::{Random, Time, mix};

/// A cluster in a virtual time of its own.
#[derive(Debug)]
pub struct World<P: Protocol> {
    config: P::Config,
    now: u64,
    sequence: u64,
    events: BinaryHeap<Reverse<Scheduled>>,
    slots: Vec<Slot<P>>,
    /// The network, to be changed at will.
    pub network: Network,
    random: Random,
    seed: u64,
    /// What nodes noticed, in order.
    pub observed: Vec<Observed>,
    trace: u64,
    /// How many datagrams were delivered.
    pub delivered: u64,
}

/// That a node noticed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// When, in microseconds of the world's time.
    pub at: u64,
    /// Which node.
    pub by: usize,
    /// What.
    pub what: Observation,
}

/// What a node sent and received: bytes on the wire, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Traffic {
    pub sent_bytes: u64,
    pub sent_packets: u64,
    pub received_bytes: u64,
    pub received_packets: u64,
    pub bulk_bytes: u64,
    pub bulk_requests: u64,
}

#[derive(Debug)]
struct Slot<P> {
    node: Option<P>,
    generation: u64,
    born: u64,
    /// How fast its clock runs.
    rate: f64,
    /// It stands still until then.
    paused_until: u64,
    inbox: VecDeque<(usize, Vec<u8>)>,
    /// The wake that is scheduled.
    wake: Option<u64>,
    uplink_free: u64,
    traffic: Traffic,
}

#[derive(Debug)]
struct Scheduled {
    at: u64,
    sequence: u64,
    what: Happening,
}

#[derive(Debug)]
enum Happening {
    Packet { from: usize, to: usize, payload: Vec<u8> },
    Wake { node: usize },
    Resume { node: usize },
    BulkRequest { from: usize, to: usize, run: u64, id: u64, payload: Vec<u8> },
    BulkAnswer { to: usize, run: u64, id: u64, payload: Option<Vec<u8>> },
}

impl<P: Protocol> World<P> {
    /// An empty world.
    pub fn new(config: P::Config, seed: u64) -> Self {
        Self {
            config,
            now: 0,
            sequence: 0,
            events: BinaryHeap::new(),
            slots: Vec::new(),
            network: Network::default(),
            random: Random::new(seed),
            seed,
            observed: Vec::new(),
            trace: seed,
            delivered: 0,
        }
    }

    /// A world of so many nodes that know each other from the start.
    pub fn acquainted(config: P::Config, nodes: usize, seed: u64) -> Self {
        let mut world = Self::new(config, seed);
        for index in 0..nodes {
            world.start(index, Known::Below(nodes));
        }
        world
    }

    /// Starts a node, or starts it again.
    pub fn start(&mut self, index: usize, known: Known<'_>) {
        let generation = self.slots.get(index).map_or(0, |slot| slot.generation + 1000);
        self.start_as(index, generation, known);
    }

    /// Starts a node under a generation of its own choice.
    pub fn start_as(&mut self, index: usize, generation: u64, known: Known<'_>) {
        while self.slots.len() <= index {
            self.slots.push(Slot {
                node: None,
                generation: 0,
                born: 0,
                rate: 1.0,
                paused_until: 0,
                inbox: VecDeque::new(),
                wake: None,
                uplink_free: 0,
                traffic: Traffic::default(),
            });
        }
        let seed = mix(self.seed ^ mix(index as u64) ^ generation.rotate_left(32));
        let birth = Birth { index, generation, seed, now: Time::ZERO, known };
        let slot = &mut self.slots[index];
        slot.node = Some(P::spawn(&self.config, &birth));
        slot.generation = generation;
        slot.born = self.now;
        slot.paused_until = 0;
        slot.inbox.clear();
        slot.wake = None;
        self.settle(index);
    }

    /// Ends a node's process without a word.
    pub fn crash(&mut self, index: usize) {
        self.slots[index].node = None;
        self.slots[index].inbox.clear();
    }

    /// Stops a node's process as SIGSTOP does: datagrams wait for it, timers are late.
    pub fn pause(&mut self, index: usize, duration: Duration) {
        let until = self.now + duration.as_micros() as u64;
        self.slots[index].paused_until = until;
        self.schedule(until, Happening::Resume { node: index });
    }

    /// Makes a node's clock run at another rate.
    pub fn set_clock_rate(&mut self, index: usize, rate: f64) {
        let local = self.local_time(index);
        let slot = &mut self.slots[index];
        slot.rate = rate;
        slot.born = self.now.saturating_sub((local.as_micros() as f64 / rate) as u64);
        slot.wake = None;
        self.settle(index);
    }

    /// Does something to a node, at its own time, and lets what it wants done happen.
    pub fn with<R>(&mut self, index: usize, act: impl FnOnce(&mut P, Time) -> R) -> Option<R> {
        let local = self.local_time(index);
        let result = self.slots[index].node.as_mut().map(|node| act(node, local));
        self.settle(index);
        result
    }

    /// A node that runs.
    pub fn node(&self, index: usize) -> Option<&P> {
        self.slots.get(index)?.node.as_ref()
    }

    /// The nodes that run.
    pub fn running(&self) -> impl Iterator<Item = usize> {
        self.slots.iter().enumerate().filter(|(_, slot)| slot.node.is_some()).map(|(index, _)| index)
    }

    /// What a node sent and received so far.
    pub fn traffic(&self, index: usize) -> Traffic {
        self.slots[index].traffic
    }

    /// The world's time, in microseconds.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// What it comes to: equal for equal runs.
    pub fn trace(&self) -> u64 {
        self.trace
    }

    /// Chance, from the world's seed.
    pub fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// Chance, from the world's seed: up to `longest`.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        self.random.up_to(longest)
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.now + duration.as_micros() as u64;
        while let Some(Reverse(next)) = self.events.peek() {
            if next.at > until {
                break;
            }
            let Some(Reverse(scheduled)) = self.events.pop() else { break };
            self.now = scheduled.at;
            self.happen(scheduled.what);
        }
        self.now = until;
    }

    /// Lets time pass until something holds, looked at every `step`, or `limit` has passed. Whether it held.
    pub fn run_until(&mut self, step: Duration, limit: Duration, mut holds: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + limit.as_micros() as u64;
        while !holds(self) {
            if self.now >= end {
                return false;
            }
            self.run_for(step);
        }
        true
    }

    /// Whether every running node's members are exactly the other running nodes.
    pub fn agrees(&self) -> bool {
        let running: Vec<usize> = self.running().collect();
        running.iter().all(|index| {
            let Some(node) = self.node(*index) else { return false };
            let mut members = node.members();
            members.push(*index);
            members.sort_unstable();
            members == running
        })
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Packet { from, to, payload } => self.on_packet(from, to, payload),
            Happening::Wake { node } => self.on_wake(node),
            Happening::Resume { node } => self.on_resume(node),
            Happening::BulkRequest { from, to, run, id, payload } => self.on_bulk_request(from, to, run, id, &payload),
            Happening::BulkAnswer { to, run, id, payload } => {
                if self.slots[to].paused_until > self.now {
                    let until = self.slots[to].paused_until;
                    return self.schedule(until, Happening::BulkAnswer { to, run, id, payload });
                }
                if self.slots[to].generation == run {
                    self.with(to, |node, now| node.handle_bulk_answer(now, id, payload.as_deref()));
                }
            }
        }
    }

    fn on_packet(&mut self, from: usize, to: usize, payload: Vec<u8>) {
        let Some(slot) = self.slots.get_mut(to) else { return };
        if slot.node.is_none() {
            return;
        }
        if slot.paused_until > self.now {
            if slot.inbox.len() < INBOX_MAX {
                slot.inbox.push_back((from, payload));
            }
            return;
        }
        self.deliver(from, to, &payload);
    }

    fn deliver(&mut self, from: usize, to: usize, payload: &[u8]) {
        self.delivered += 1;
        self.trace = mix(self.trace ^ mix(self.now ^ (from as u64) << 40 ^ (to as u64) << 20) ^ digest(payload));
        let slot = &mut self.slots[to];
        slot.traffic.received_packets += 1;
        slot.traffic.received_bytes += (payload.len() + P::OVERHEAD_BYTES) as u64;
        self.with(to, |node, now| node.handle_packet(now, from, payload));
    }

    fn on_wake(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if slot.wake != Some(self.now) {
            return;
        }
        slot.wake = None;
        if slot.paused_until <= self.now {
            self.with(index, |node, now| node.handle_timeout(now));
        }
    }

    /// Timers first, as whatever fires on its own thread would; then what waits in the socket.
    fn on_resume(&mut self, index: usize) {
        if self.slots[index].paused_until > self.now {
            return;
        }
        self.with(index, |node, now| node.handle_timeout(now));
        while let Some((from, payload)) = self.slots[index].inbox.pop_front() {
            self.deliver(from, index, &payload);
        }
    }

    fn on_bulk_request(&mut self, from: usize, to: usize, run: u64, id: u64, payload: &[u8]) {
        let reachable = self.slots[to].node.is_some() && self.network.connects(to, from);
        if self.slots[to].paused_until > self.now || !reachable {
            let at = self.now + BULK_TIMEOUT.as_micros() as u64;
            return self.schedule(at, Happening::BulkAnswer { to: from, run, id, payload: None });
        }
        let answer = self.with(to, |node, now| node.handle_bulk_request(now, payload)).flatten();
        let sent_at = self.transfer(to, answer.as_ref().map_or(0, Vec::len));
        let at = sent_at + self.one_way(to, from);
        self.schedule(at, Happening::BulkAnswer { to: from, run, id, payload: answer });
    }

    /// When so many bytes have left a node, which has one uplink for all.
    fn transfer(&mut self, index: usize, bytes: usize) -> u64 {
        let slot = &mut self.slots[index];
        slot.traffic.bulk_bytes += bytes as u64;
        slot.uplink_free = slot.uplink_free.max(self.now) + bytes as u64 * 8 / UPLINK_BITS_PER_MICRO;
        slot.uplink_free
    }

    fn one_way(&mut self, from: usize, to: usize) -> u64 {
        let link = self.network.link(from, to);
        // What is lost on a reliable channel comes a round trip later.
        let repeats = 1.0 + 3.0 * link.loss;
        ((link.delay + self.random.up_to(link.jitter)).as_micros() as f64 * repeats) as u64
    }

    /// Does what a node wants done.
    fn settle(&mut self, index: usize) {
        loop {
            let Some(node) = self.slots[index].node.as_mut() else { return };
            let Some(outgoing) = node.poll_outgoing() else { break };
            match outgoing {
                Outgoing::Packet { to, payload } => self.send(index, to, payload),
                Outgoing::Bulk { to, id, payload } => self.send_bulk(index, to, id, payload),
            }
        }
        while let Some(what) = self.slots[index].node.as_mut().and_then(P::poll_observation) {
            let mut hasher = TraceHasher(self.trace ^ self.now ^ (index as u64) << 40);
            what.hash(&mut hasher);
            self.trace = mix(hasher.finish());
            self.observed.push(Observed { at: self.now, by: index, what });
        }
        self.arm(index);
    }

    fn send(&mut self, from: usize, to: usize, payload: Vec<u8>) {
        let traffic = &mut self.slots[from].traffic;
        traffic.sent_packets += 1;
        traffic.sent_bytes += (payload.len() + P::OVERHEAD_BYTES) as u64;
        for delay in self.network.send(from, to, self.now, &mut self.random).into_iter().flatten() {
            let payload = payload.clone();
            self.schedule(self.now + delay.as_micros() as u64, Happening::Packet { from, to, payload });
        }
    }

    fn send_bulk(&mut self, from: usize, to: usize, id: u64, payload: Vec<u8>) {
        self.slots[from].traffic.bulk_requests += 1;
        let run = self.slots[from].generation;
        let connects = self.network.connects(from, to) && self.network.connects(to, from);
        if !connects || to >= self.slots.len() {
            let at = self.now + BULK_TIMEOUT.as_micros() as u64;
            return self.schedule(at, Happening::BulkAnswer { to: from, run, id, payload: None });
        }
        // One round trip to connect, one way to ask.
        let ways: u64 = (0..3).map(|_| self.one_way(from, to)).sum();
        let at = self.transfer(from, payload.len()) + ways;
        self.schedule(at, Happening::BulkRequest { from, to, run, id, payload });
    }

    /// Schedules a node's next wake, unless one is scheduled no later.
    fn arm(&mut self, index: usize) {
        let slot = &self.slots[index];
        let Some(due) = slot.node.as_ref().and_then(P::poll_timeout) else { return };
        let at = if slot.rate == 1.0 {
            slot.born + due.as_micros()
        } else {
            // Rounded up, or the node would be woken before its time, again and again.
            slot.born + (due.as_micros() as f64 / slot.rate) as u64 + 2
        };
        let at = at.max(self.now);
        if slot.wake.is_none_or(|wake| wake > at || wake < self.now) {
            self.slots[index].wake = Some(at);
            self.schedule(at, Happening::Wake { node: index });
        }
    }

    fn local_time(&self, index: usize) -> Time {
        let slot = &self.slots[index];
        Time::from_micros(((self.now - slot.born) as f64 * slot.rate) as u64)
    }

    fn schedule(&mut self, at: u64, what: Happening) {
        self.sequence += 1;
        self.events.push(Reverse(Scheduled { at, sequence: self.sequence, what }));
    }
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// Eight bytes at a time: the trace covers every byte of every datagram.
fn digest(payload: &[u8]) -> u64 {
    payload.chunks(8).fold(payload.len() as u64, |digest, chunk| {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        (digest ^ u64::from_le_bytes(bytes)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    })
}

/// The standard library's hasher may change from release to release; a trace must not.
struct TraceHasher(u64);

impl Hasher for TraceHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(self.0 ^ digest(bytes));
    }
}

/// Datagrams that wait for a process that stands still: what the usual 208 KiB of socket buffer hold.
const INBOX_MAX: usize = 256;

/// 1 Gbit/s.
const UPLINK_BITS_PER_MICRO: u64 = 1000;

/// How long a driver waits for a node that does not answer.
const BULK_TIMEOUT: Duration = Duration::from_secs(3);
