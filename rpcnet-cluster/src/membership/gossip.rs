//! Telling others.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{
    MemberState, Membership, NodeKey, Record, Time, Transmit,
    rumors::{Rumors, sends_max},
    timers::Timer,
    wire::{Claim, Message, PacketWriter, Section},
};

/// The news, and when the next round of it is due.
#[derive(Debug, Default)]
pub(crate) struct Gossip {
    pub(super) rumors: Rumors,
    pub(super) next: Option<Time>,
    last: Time,
}

impl Membership {
    /// There is news of a node. It goes out at once, or nearly.
    pub(super) fn spread(&mut self, now: Time, node: NodeKey, with_record: bool) {
        self.gossip.rumors.spread(node, with_record);
        self.gossip_soon(now);
    }

    /// There is a little news of a node that others have heard of already.
    pub(super) fn spread_less(&mut self, now: Time, node: NodeKey) {
        let sends_max = self.sends_max();
        self.gossip.rumors.spread_again(node, sends_max);
        self.gossip_soon(now);
    }

    /// How often each piece of news is sent: more often where much gets lost.
    fn sends_max(&self) -> u16 {
        let arriving = if self.settings.is_plain() { 1.0 } else { self.trips.share_arriving() };
        sends_max(self.settings.gossip_repeats / arriving, self.node_count())
    }

    fn gossip_soon(&mut self, now: Time) {
        let delay = if self.settings.is_plain() {
            self.settings.gossip_interval
        } else {
            // A little by chance, so that what arrives together leaves together, and not everybody sends at once.
            (self.gossip.last + ROUND_MIN).since(now) + self.random.up_to(ROUND_MIN / 2)
        };
        self.schedule_gossip(now, delay);
    }

    pub(super) fn schedule_gossip(&mut self, now: Time, delay: Duration) {
        let at = now + delay;
        if self.gossip.rumors.is_empty() || self.gossip.next.is_some_and(|next| next <= at) {
            return;
        }
        self.gossip.next = Some(at);
        self.timers.set(at, Timer::Gossip);
    }

    pub(super) fn on_gossip_due(&mut self, now: Time, at: Time) {
        if self.gossip.next != Some(at) {
            return;
        }
        self.gossip.next = None;
        self.gossip.last = now;
        if self.local.displaced {
            return;
        }
        for to in self.choose_listeners() {
            if !self.gossip.rumors.is_empty() {
                self.send_with(to, Message::Gossip, &[]);
            }
        }
        // While there is more than fits one round, or something that nobody heard yet, rounds follow each other quickly.
        let hurry = self.gossip.rumors.has_unsent() || self.gossip.rumors.len() > CROWDED;
        let pause = if hurry && !self.settings.is_plain() { ROUND_MIN } else { self.settings.gossip_interval };
        self.schedule_gossip(now, pause);
    }

    /// A few members by chance. Suspected ones have been told what concerns them, and the rest is wasted on most of them;
    /// but if there is hardly anybody else, they will do.
    fn choose_listeners(&mut self) -> Vec<SocketAddr> {
        let members = self.roster.live();
        let count = self.settings.gossip_fanout.min(members.len());
        let mut chosen = Vec::with_capacity(count);
        for attempt in 0..10 * count {
            let member = &members[self.random.below(members.len())];
            let address = member.record.gossip_address;
            let suits = member.state == MemberState::Alive || attempt >= 6 * count;
            if suits && chosen.len() < count && !chosen.contains(&address) {
                chosen.push(address);
            }
        }
        chosen
    }

    /// Sends a message with `sections`, and as much news as there is room for.
    pub(super) fn send_with(&mut self, to: SocketAddr, message: Message, sections: &[Section]) {
        let record = &self.local.record;
        let bytes_max = self.settings.payload_bytes_max();
        let mut writer = PacketWriter::new(self.local.key, record.generation, message, bytes_max);
        for section in sections {
            writer.add(section);
        }
        let mut told = Vec::new();
        for (tried, (node, with_record)) in self.gossip.rumors.urgent_first().enumerate() {
            if writer.is_full() || tried >= NEWS_TRIED_MAX {
                break;
            }
            let Some(claim) = self.claim_of(node, with_record) else { continue };
            if writer.add(&Section::Claim(claim)) {
                told.push(node);
            }
        }
        if !told.is_empty() {
            let sends_max = self.sends_max();
            self.gossip.rumors.sent(&told, sends_max);
        }
        self.out.transmits.push_back(Transmit { to, payload: writer.finish() });
    }

    /// What this node says about a node, itself included. A record that is too large for a datagram goes without its tags, as
    /// version 0: whoever gets it learns the true version soon, and fetches the rest.
    pub(super) fn claim_of(&self, node: NodeKey, with_record: bool) -> Option<Claim> {
        if node == self.local.key {
            return Some(self.own_claim(with_record));
        }
        let member = self.roster.get(node)?;
        let mut claim = Claim::bare(node, member.standing(), member.record.version);
        if let Some(suspicion) = self.suspicions.get(&node) {
            claim.phi = suspicion.phi;
            claim.accusers = suspicion.accusers;
        }
        if self.is_private(node) {
            claim.standing.state = MemberState::Alive;
        }
        claim.record = with_record.then(|| abridged(&member.record));
        Some(claim)
    }
}

/// A record as a datagram can carry it.
pub(super) fn abridged(record: &Arc<Record>) -> Record {
    if record.fits_a_datagram() {
        return Record::clone(record);
    }
    Record { version: 0, tags: Default::default(), ..Record::clone(record) }
}

/// The shortest time between two rounds.
const ROUND_MIN: Duration = Duration::from_millis(40);

/// More pieces of news than this do not fit one datagram.
const CROWDED: usize = 40;

/// How many pieces of news are tried for one datagram; large ones at the head must not cost a walk through all.
const NEWS_TRIED_MAX: usize = 64;
