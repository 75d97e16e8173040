//! Finding the others: at first, and again after everybody was lost.

use std::{net::SocketAddr, time::Duration};

use super::{
    Event, MemberState, Membership, NodeKey, Time,
    leaving::Phase,
    probing::Purpose,
    timers::Timer,
    wire::{Message, Section},
};

/// How far this node has come in.
#[derive(Debug, Default)]
pub(crate) struct Joining {
    /// Some node took this one in, or others joined it.
    pub(super) done: bool,
    seeds: Vec<SocketAddr>,
    pub(super) next: Option<Time>,
    attempts: u32,
    /// Where others last saw this node, if that is not where it says it is.
    pub(super) observed: Option<SocketAddr>,
}

impl Membership {
    /// Asks the nodes at these addresses to take this one in, again and again until one does.
    ///
    /// They stay known as meeting points: whenever they are not members, this node goes on asking them now and then, so
    /// that two halves that never met find each other. At most [`SEEDS_MAX`] are kept.
    pub fn join(&mut self, now: Time, seeds: Vec<SocketAddr>) {
        self.observe(now);
        self.set_seeds(seeds);
        self.joining.done = false;
        self.joining.attempts = 0;
        self.schedule_join(now, Duration::ZERO);
        self.on_join_due(now, now);
    }

    /// Replaces the meeting points, after their names were resolved again.
    pub fn set_seeds(&mut self, mut seeds: Vec<SocketAddr>) {
        let own = self.local.record.gossip_address;
        seeds.retain(|seed| *seed != own);
        seeds.truncate(SEEDS_MAX);
        self.joining.seeds = seeds;
    }

    /// Takes over members that were known before: what a snapshot on disk says, or a simulation. They count as alive
    /// until they fail to answer.
    pub fn restore(&mut self, now: Time, records: impl IntoIterator<Item = std::sync::Arc<super::Record>>) {
        for record in records {
            let key = record.id.key();
            let full = self.node_count() >= self.settings.members_max;
            if full || key == self.local.key || self.roster.get(key).is_some() {
                continue;
            }
            let state = MemberState::Alive;
            self.roster.insert(super::roster::Member { key, record, incarnation: 0, state, since: now });
            self.on_changed(key);
        }
        self.watch_soon(now);
        self.joining.done = !self.roster.live().is_empty();
    }

    pub(super) fn schedule_join(&mut self, now: Time, delay: Duration) {
        let at = now + delay;
        self.joining.next = Some(at);
        self.timers.set(at, Timer::Join);
    }

    pub(super) fn on_join_due(&mut self, now: Time, at: Time) {
        if self.joining.next != Some(at) || self.joining.done || self.local.phase != Phase::Member {
            return;
        }
        let seeds = self.joining.seeds.len();
        for _ in 0..seeds.min(SEEDS_AT_ONCE) {
            // One after the other, from a random start, so that many who join do not all ask the same one.
            let index = self.random.below(seeds);
            let seed = self.joining.seeds[index];
            self.ask_to_join(seed);
        }
        let wait = JOIN_AFTER * (1 << self.joining.attempts.min(4));
        self.joining.attempts += 1;
        let wait = self.random.jittered(wait);
        self.schedule_join(now, wait);
    }

    fn ask_to_join(&mut self, seed: SocketAddr) {
        let section = Section::Claim(self.own_claim(true));
        self.send_with(seed, Message::Join, &[section]);
    }

    /// Somebody wants in; its record has been read already.
    pub(super) fn on_join(&mut self, now: Time, from: SocketAddr) {
        let mut sections = vec![Section::Claim(self.own_claim(true)), Section::Observed(from)];
        let members = self.roster.live();
        for _ in 0..WELCOME_RECORDS.min(members.len()) {
            let key = members[self.random.below(members.len())].key;
            sections.extend(self.claim_of(key, true).map(Section::Claim));
        }
        self.send_with(from, Message::Welcome, &sections);
        self.on_member_of_something(now);
    }

    /// A seed took this node in; its record has been read already. What it knows comes over the bulk channel.
    pub(super) fn on_welcome(&mut self, now: Time, seed: NodeKey) {
        if !self.joining.done {
            self.request_snapshot(now, seed);
        }
    }

    pub(super) fn on_member_of_something(&mut self, now: Time) {
        if !self.local.displaced && !std::mem::replace(&mut self.joining.done, true) {
            self.repair.on_joined(now);
            self.out.event(Event::Joined);
        }
    }

    /// Tries to reach somebody who failed, and a meeting point that is not a member.
    pub(super) fn on_contact_due(&mut self, now: Time) {
        let hurried = self.partition.is_active() && !self.settings.is_plain();
        let interval = if hurried { CONTACT_WHEN_PARTED } else { self.settings.repair_interval };
        let wait = self.random.jittered(interval);
        self.timers.set(now + wait, Timer::Contact);
        if self.local.displaced {
            return;
        }
        if let Some(key) = self.choose_failed() {
            self.start_probe(now, key, Purpose::Contact);
        }
        let alone = self.roster.live().is_empty();
        if alone || self.random.chance(SEED_CHANCE) {
            self.contact_seed();
        }
    }

    fn contact_seed(&mut self) {
        if self.joining.seeds.is_empty() {
            return;
        }
        let seed = self.joining.seeds[self.random.below(self.joining.seeds.len())];
        if !self.roster.live().iter().any(|member| member.record.gossip_address == seed) {
            self.ask_to_join(seed);
        }
    }

    fn choose_failed(&mut self) -> Option<NodeKey> {
        let departed = self.roster.departed();
        let start = if departed.is_empty() { 0 } else { self.random.below(departed.len()) };
        let (before, after) = departed.split_at(start);
        let mut candidates = after.iter().chain(before);
        candidates.find(|member| member.state == MemberState::Failed).map(|member| member.key)
    }

    /// A failed member answered: where there is one, there may be more.
    pub(super) fn on_contact_made(&mut self, now: Time) {
        if let Some(key) = self.choose_failed().filter(|_| !self.settings.is_plain()) {
            self.start_probe(now, key, Purpose::Contact);
        }
    }
}

/// Meeting points that are kept.
pub const SEEDS_MAX: usize = 64;

/// Meeting points asked in one attempt.
const SEEDS_AT_ONCE: usize = 2;

/// Time until the first repetition; it doubles up to sixteenfold.
const JOIN_AFTER: Duration = Duration::from_millis(500);

/// Records of other members in a welcome, as far as they fit.
const WELCOME_RECORDS: usize = 8;

/// While a large part is missing, the missing are sought this often: it decides how soon the first meeting is noticed.
const CONTACT_WHEN_PARTED: Duration = Duration::from_secs(1);

/// With 5 s between contacts, each node looks after the meeting points every 30 s.
const SEED_CHANCE: f64 = 1.0 / 6.0;
