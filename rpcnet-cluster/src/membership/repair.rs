//! Finding out what gossip did not bring: anti-entropy over the bulk channel.
//!
//! Every ping and ack carries a digest of its sender's view. Views differ for a second or two after each change. When they
//! differ although nothing changed here lately, or for long, this node sends the digests of its buckets to the other one, which answers
//! with what it thinks of the nodes in those that differ; then each sends the other what that one lacks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    BulkRequest, MemberState, Membership, NodeKey, Record, Time,
    roster::{Member, contribution},
    timers::Timer,
    wire::{Bulk, Claim},
};

#[derive(Debug, Default)]
pub(crate) struct Repair {
    /// Nodes whose records this one lacks, and who knows them.
    pub(super) wanted: BTreeMap<NodeKey, NodeKey>,
    /// Who sent the packet that is being read.
    pub(super) teller: Option<NodeKey>,
    under_way: Option<UnderWay>,
    ids: u64,
    /// Not before this.
    next: Time,
    joined: Option<Time>,
    digest: u64,
    /// When the own digest last changed.
    changed: Time,
    /// Since when no other node had the same digest.
    differs: Option<Time>,
}

#[derive(Clone, Copy, Debug)]
struct UnderWay {
    id: u64,
    peer: NodeKey,
    stage: Stage,
    started: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Snapshot,
    Digests,
    Exchange,
}

impl Repair {
    pub(super) fn on_joined(&mut self, now: Time) {
        self.joined = Some(now);
        self.next = now;
    }
}

impl Membership {
    /// Answers a request that came over the bulk channel. Nothing if it is malformed, or this node has left.
    pub fn handle_bulk_request(&mut self, now: Time, payload: &[u8]) -> Option<Vec<u8>> {
        self.observe(now);
        if self.local.phase != super::leaving::Phase::Member || self.local.displaced {
            return None;
        }
        let Ok(request) = Bulk::decode(payload) else {
            self.out.counters.malformed += 1;
            return None;
        };
        let answer = match request {
            Bulk::Snapshot { claims } => {
                self.apply_all(now, claims, true);
                self.on_member_of_something(now);
                Bulk::Claims { buckets: Vec::new(), claims: self.everything() }
            }
            Bulk::Digests { digests } => self.compare(&digests)?,
            Bulk::Exchange { wanted, claims } => {
                self.apply_all(now, claims, false);
                // Each once, however often it is asked for: records are a thousand times larger than keys.
                let wanted = BTreeSet::from_iter(wanted);
                let claims = wanted.into_iter().filter_map(|key| self.full_claim(key)).collect();
                Bulk::Claims { buckets: Vec::new(), claims }
            }
            Bulk::Claims { .. } => return None,
        };
        Some(answer.encode())
    }

    /// Takes the answer to a request.
    pub fn handle_bulk_response(&mut self, now: Time, id: u64, payload: &[u8]) {
        self.observe(now);
        let Some(under_way) = self.repair.under_way.filter(|under_way| under_way.id == id) else { return };
        self.repair.under_way = None;
        let Ok(Bulk::Claims { buckets, claims }) = Bulk::decode(payload) else {
            self.out.counters.malformed += 1;
            return;
        };
        self.repair.teller = Some(under_way.peer);
        match under_way.stage {
            Stage::Snapshot => {
                self.apply_all(now, claims, false);
                self.on_member_of_something(now);
            }
            Stage::Digests => {
                let lacking = self.lacking(&buckets, &claims);
                self.apply_all(now, claims, false);
                let wanted: Vec<_> = std::mem::take(&mut self.repair.wanted).into_keys().collect();
                if !wanted.is_empty() || !lacking.is_empty() {
                    let exchange = Bulk::Exchange { wanted, claims: lacking };
                    self.request(now, under_way.peer, Stage::Exchange, &exchange);
                }
            }
            Stage::Exchange => self.apply_all(now, claims, false),
        }
    }

    /// Takes note that a request got no answer: the node could not be reached, or was too busy.
    pub fn handle_bulk_failure(&mut self, now: Time, id: u64) {
        self.observe(now);
        let Some(under_way) = self.repair.under_way.take_if(|under_way| under_way.id == id) else { return };
        if under_way.stage == Stage::Snapshot {
            // Some node took this one in, though it does not tell what it knows; gossip and later repairs will.
            self.on_member_of_something(now);
        }
    }

    /// Asks some member for all that it knows, now and not only when differences last. `false` if there is no member to ask.
    pub fn resync(&mut self, now: Time) -> bool {
        self.observe(now);
        let members = self.roster.live();
        if members.is_empty() {
            return false;
        }
        let peer = members[self.random.below(members.len())].key;
        self.request_snapshot(now, peer);
        true
    }

    fn apply_all(&mut self, now: Time, claims: Vec<Claim>, spread: bool) {
        for claim in claims {
            self.apply(now, claim, spread);
        }
    }

    /// A node's digest came with a ping or an ack.
    pub(super) fn on_digest(&mut self, now: Time, sender: NodeKey, digest: u64) {
        let own = self.digest();
        if own != self.repair.digest {
            self.repair.digest = own;
            self.repair.changed = now;
        }
        if own == digest {
            self.repair.differs = None;
            return;
        }
        let differs = now.since(*self.repair.differs.get_or_insert(now));
        if !self.may_request(now) {
            return;
        }
        let fresh = self.repair.joined.is_some_and(|joined| now.since(joined) < FRESH_FOR);
        let settled = now.since(self.repair.changed) >= SETTLED_AFTER;
        if !(fresh || settled || differs >= DIFFERS_TOO_LONG) || self.roster.get(sender).is_none() {
            return;
        }
        let pause = if fresh { FRESH_PAUSE } else { self.settings.repair_interval };
        self.repair.next = now + self.random.jittered(pause);
        let digests = self.bucket_digests(bucket_count(self.node_count()));
        self.request(now, sender, Stage::Digests, &Bulk::Digests { digests });
    }

    fn may_request(&self, now: Time) -> bool {
        let idle = self.repair.under_way.is_none_or(|under_way| now.since(under_way.started) > GIVE_UP_AFTER);
        idle && now >= self.repair.next && !self.local.displaced
    }

    pub(super) fn request_snapshot(&mut self, now: Time, peer: NodeKey) {
        let idle = self.repair.under_way.is_none_or(|under_way| now.since(under_way.started) > GIVE_UP_AFTER);
        if idle {
            let claims = self.full_claim(self.local.key).into_iter().collect();
            self.request(now, peer, Stage::Snapshot, &Bulk::Snapshot { claims });
        }
    }

    fn request(&mut self, now: Time, peer: NodeKey, stage: Stage, bulk: &Bulk) {
        let Some(to) = self.roster.get(peer).map(|member| Arc::clone(&member.record)) else { return };
        self.repair.ids += 1;
        self.out.counters.bulk_requests += 1;
        let id = self.repair.ids;
        self.repair.under_way = Some(UnderWay { id, peer, stage, started: now });
        self.out.bulk.push_back(BulkRequest { id, to, payload: bulk.encode() });
    }

    /// A node is spoken of whose record this one lacks. If gossip does not bring it soon, whoever spoke of it is asked.
    pub(super) fn want(&mut self, now: Time, key: NodeKey) {
        let Some(teller) = self.repair.teller else { return };
        if self.repair.wanted.len() >= WANTED_MAX {
            return;
        }
        if self.repair.wanted.is_empty() {
            let wait = self.random.jittered(WANT_AFTER);
            self.timers.set(now + wait, Timer::Repair);
        }
        self.repair.wanted.insert(key, teller);
    }

    pub(super) fn on_repair_due(&mut self, now: Time) {
        let Some(teller) = self.repair.wanted.values().next().copied() else { return };
        if self.repair.under_way.is_some_and(|under_way| now.since(under_way.started) <= GIVE_UP_AFTER) {
            let wait = self.random.jittered(WANT_AFTER);
            self.timers.set(now + wait, Timer::Repair);
            return;
        }
        // Whoever is not answered for now is spoken of again as long as it lives.
        let wanted = std::mem::take(&mut self.repair.wanted);
        let wanted = wanted.into_iter().filter(|(_, told_by)| *told_by == teller).map(|(key, _)| key).collect();
        self.request(now, teller, Stage::Exchange, &Bulk::Exchange { wanted, claims: Vec::new() });
    }

    fn everything(&self) -> Vec<Claim> {
        let members = self.roster.all().iter().map(|member| member.key);
        members.chain([self.local.key]).filter_map(|key| self.full_claim(key)).collect()
    }

    /// A claim with the whole record, for the bulk channel.
    fn full_claim(&self, key: NodeKey) -> Option<Claim> {
        let record = if key == self.local.key { &self.local.record } else { &self.roster.get(key)?.record };
        let claim = self.claim_of(key, false)?;
        Some(Claim { record: Some(Record::clone(record)), ..claim })
    }

    fn bucket_digests(&self, count: usize) -> Vec<u64> {
        let mut digests = vec![0; count];
        digests[bucket_of(self.local.key, count)] ^= self.own_contribution();
        for member in self.roster.live() {
            digests[bucket_of(member.key, count)] ^= contribution(member);
        }
        digests
    }

    /// What this node thinks of the nodes in the buckets that differ.
    fn compare(&self, theirs: &[u64]) -> Option<Bulk> {
        if theirs.len() > BUCKETS_MAX || !theirs.len().is_power_of_two() {
            return None;
        }
        let own = self.bucket_digests(theirs.len());
        let differing: Vec<bool> = own.iter().zip(theirs).map(|(own, their)| own != their).collect();
        let members = self.roster.all().iter().map(|member| member.key).chain([self.local.key]);
        let claims = members.filter(|key| differing[bucket_of(*key, theirs.len())]);
        let claims = claims.filter_map(|key| self.claim_of(key, false)).collect();
        let buckets = (0u32..).zip(&differing).filter(|(_, differs)| **differs).map(|(bucket, _)| bucket);
        // The number of buckets goes first: the asker may have forgotten it by then.
        Some(Bulk::Claims { buckets: [theirs.len() as u32].into_iter().chain(buckets).collect(), claims })
    }

    /// What the other node lacks, judging by what it says about some buckets.
    fn lacking(&self, buckets: &[u32], theirs: &[Claim]) -> Vec<Claim> {
        let Some((count, buckets)) = buckets.split_first() else { return Vec::new() };
        let count = *count as usize;
        if count > BUCKETS_MAX || !count.is_power_of_two() {
            return Vec::new();
        }
        let mut differing = vec![false; count];
        for bucket in buckets {
            if let Some(differs) = differing.get_mut(*bucket as usize) {
                *differs = true;
            }
        }
        let said: BTreeMap<NodeKey, &Claim> = theirs.iter().map(|claim| (claim.key, claim)).collect();
        let news = |member: &&Member| match said.get(&member.key) {
            None => member.state.is_live(),
            Some(claim) => {
                let settled = member.state != MemberState::Suspect;
                member.record.version > claim.version || member.standing() > claim.standing && settled
            }
        };
        let members = self.roster.all().iter();
        let members = members.filter(|member| differing[bucket_of(member.key, count)]);
        members.filter(news).filter_map(|member| self.full_claim(member.key)).collect()
    }
}

/// Which bucket a node is in. `count` is a power of two.
fn bucket_of(key: NodeKey, count: usize) -> usize {
    key.0 as usize & (count - 1)
}

/// About eight nodes a bucket, so that one difference costs one datagram's worth of claims.
fn bucket_count(members: usize) -> usize {
    (members / 8).next_power_of_two().clamp(16, BUCKETS_MAX)
}

/// 16 KiB of digests, for 16,000 nodes and more.
const BUCKETS_MAX: usize = 2048;

/// News reaches everybody within about two seconds, so what differs afterwards was missed.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// Where there is always news, something may be missed nevertheless.
const DIFFERS_TOO_LONG: Duration = Duration::from_secs(10);

/// How long after joining a node expects its view to have holes, and how often it compares then.
const FRESH_FOR: Duration = Duration::from_secs(20);
const FRESH_PAUSE: Duration = Duration::from_millis(700);

/// A request that was not answered after this long is forgotten.
const GIVE_UP_AFTER: Duration = Duration::from_secs(15);

/// Time for gossip to bring a record by itself.
const WANT_AFTER: Duration = Duration::from_millis(300);

/// Records wanted at once; the digest tells of others later.
const WANTED_MAX: usize = 4096;
