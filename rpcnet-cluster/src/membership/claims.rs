//! What others say about nodes, and what this one makes of it.

use std::{cmp::Ordering, sync::Arc};

use super::{
    Event, MemberState, Membership, NodeKey, Record, Time, node::plausible_generation, roster::Member,
    suspicion::Suspicion, wire::Claim,
};

impl Membership {
    /// Merges a claim into the view. `spread` says whether what is new goes on to others: what came over the bulk channel
    /// is old news to most of them.
    pub(super) fn apply(&mut self, now: Time, claim: Claim, spread: bool) {
        if !plausible_generation(claim.standing.generation, self.local.record.generation) {
            self.out.counters.refused += 1;
            return;
        }
        if claim.key == self.local.key {
            return self.on_claim_about_self(now, claim);
        }
        let Some(member) = self.roster.get(claim.key) else {
            return self.on_stranger(now, claim, spread);
        };
        if claim.record.as_ref().is_some_and(|record| record.id != member.record.id) {
            self.out.counters.refused += 1;
            return;
        }
        match claim.standing.generation.cmp(&member.record.generation) {
            Ordering::Less => {}
            Ordering::Greater => self.on_new_run(now, claim, spread),
            Ordering::Equal => {
                self.on_record(now, &claim, spread);
                self.on_standing(now, &claim, spread);
            }
        }
    }

    /// A claim about a node that is not in the view.
    fn on_stranger(&mut self, now: Time, claim: Claim, spread: bool) {
        let state = claim.standing.state;
        let Some(record) = claim.record.clone() else {
            if state.is_live() {
                self.want(now, claim.key);
            }
            return;
        };
        if state.is_live() && self.node_count() >= self.settings.members_max {
            self.out.counters.overflowed += 1;
            return;
        }
        let record = Arc::new(record);
        let member = Member {
            key: claim.key,
            record: Arc::clone(&record),
            incarnation: claim.standing.incarnation,
            state: if state == MemberState::Suspect { MemberState::Alive } else { state },
            since: now,
        };
        self.repair.wanted.remove(&claim.key);
        self.roster.insert(member);
        if state.is_live() {
            self.on_joined(now, record, spread);
        } else {
            self.trim_departed();
        }
        if state == MemberState::Suspect {
            self.on_suspect(now, &claim);
        }
    }

    /// A later run of a known node: the former one is over.
    fn on_new_run(&mut self, now: Time, claim: Claim, spread: bool) {
        let Some(record) = claim.record.clone() else { return self.want(now, claim.key) };
        let Some(member) = self.roster.get(claim.key) else { return };
        let (former, was_live) = (Arc::clone(&member.record), member.state.is_live());
        let record = Arc::new(record);
        let state = claim.standing.state;
        self.repair.wanted.remove(&claim.key);
        self.suspicions.remove(&claim.key);
        self.roster.update(claim.key, |member| {
            member.record = Arc::clone(&record);
            member.incarnation = claim.standing.incarnation;
            member.state = if state == MemberState::Suspect { MemberState::Alive } else { state };
            member.since = now;
        });
        if let Some(target) = self.monitors.get_mut(claim.key) {
            target.heartbeats.restart(now);
        }
        if was_live {
            self.out.event(Event::NodeFailed(former));
        }
        if state.is_live() {
            self.on_joined(now, record, spread);
        } else {
            self.on_changed(claim.key);
        }
        if state == MemberState::Suspect {
            self.on_suspect(now, &claim);
        }
    }

    fn on_joined(&mut self, now: Time, record: Arc<Record>, spread: bool) {
        let key = record.id.key();
        self.out.event(Event::NodeJoined(record));
        self.on_changed(key);
        self.watch_soon(now);
        self.on_returned(key);
        if spread {
            self.spread(now, key, true);
        }
    }

    /// A known node may have published something new.
    fn on_record(&mut self, now: Time, claim: &Claim, spread: bool) {
        let Some(member) = self.roster.get(claim.key) else { return };
        if claim.version <= member.record.version {
            return;
        }
        let Some(record) = &claim.record else { return self.want(now, claim.key) };
        let record = Arc::new(record.clone());
        let is_live = member.state.is_live();
        self.repair.wanted.remove(&claim.key);
        self.roster.update(claim.key, |member| member.record = Arc::clone(&record));
        if is_live {
            self.out.event(Event::NodeUpdated(record));
            if spread {
                self.spread(now, claim.key, true);
            }
        }
    }

    /// Merges what is thought of a known node, within one generation.
    fn on_standing(&mut self, now: Time, claim: &Claim, spread: bool) {
        let Some(member) = self.roster.get(claim.key) else { return };
        let (current, said) = (member.standing(), claim.standing);
        if current == said && said.state == MemberState::Suspect {
            return self.on_confirmed(now, claim);
        }
        if said <= current {
            return;
        }
        match (current.state, said.state) {
            // Only a new generation brings back a node that left.
            (MemberState::Left, _) => {}
            (_, MemberState::Left) => self.on_left(now, claim, spread),
            (_, MemberState::Alive) => self.on_refuted(now, claim, spread),
            (MemberState::Alive | MemberState::Suspect, MemberState::Suspect) => self.on_suspect(now, claim),
            (MemberState::Failed, MemberState::Suspect) => {
                self.on_refuted(now, claim, spread);
                self.on_suspect(now, claim);
            }
            // Whoever says so may have stood still, with the refutation unread. So the node gets the shortest time there is.
            (MemberState::Alive, MemberState::Failed) if !self.settings.is_plain() => self.on_suspect(now, claim),
            (MemberState::Alive | MemberState::Suspect, MemberState::Failed) => {
                self.roster.update(claim.key, |member| member.incarnation = said.incarnation);
                self.fail(now, claim.key, true);
            }
            (MemberState::Failed, MemberState::Failed) => {
                self.roster.update(claim.key, |member| member.incarnation = said.incarnation);
            }
        }
    }

    /// Somebody suspects it, or says that it failed.
    fn on_suspect(&mut self, now: Time, claim: &Claim) {
        let condemned = claim.standing.state == MemberState::Failed;
        let suspicion = Suspicion {
            accusers: claim.accusers,
            phi: claim.phi,
            started: now,
            deadline: now,
            private: false,
            condemned,
            excused: false,
        };
        self.suspect(now, claim.key, claim.standing.incarnation, suspicion);
    }

    fn on_refuted(&mut self, now: Time, claim: &Claim, spread: bool) {
        let Some(member) = self.roster.get(claim.key) else { return };
        let was = member.state;
        let record = Arc::clone(&member.record);
        self.suspicions.remove(&claim.key);
        self.roster.update(claim.key, |member| {
            member.incarnation = claim.standing.incarnation;
            member.state = MemberState::Alive;
            if was != MemberState::Alive {
                member.since = now;
            }
        });
        if spread {
            self.spread(now, claim.key, false);
        }
        if was != MemberState::Alive {
            self.on_recovered(now, claim.key, record);
        }
    }

    /// A node is alive again in this view.
    pub(super) fn on_recovered(&mut self, now: Time, key: NodeKey, record: Arc<Record>) {
        if let Some(target) = self.monitors.get_mut(key) {
            target.heartbeats.restart(now);
        }
        self.out.event(Event::NodeRecovered(record));
        self.on_changed(key);
        self.watch_soon(now);
        self.on_returned(key);
    }

    fn on_left(&mut self, now: Time, claim: &Claim, spread: bool) {
        let Some(member) = self.roster.get(claim.key) else { return };
        let (record, was_live) = (Arc::clone(&member.record), member.state.is_live());
        self.suspicions.remove(&claim.key);
        self.roster.update(claim.key, |member| {
            member.incarnation = claim.standing.incarnation;
            member.state = MemberState::Left;
            member.since = now;
        });
        self.on_changed(claim.key);
        self.on_returned(claim.key);
        self.trim_departed();
        if was_live {
            self.out.event(Event::NodeLeft(record));
            if spread {
                self.spread(now, claim.key, false);
            }
        }
    }

    /// The view has changed where it may matter whom this node watches.
    pub(super) fn on_changed(&mut self, key: NodeKey) {
        self.out.version += 1;
        let rings = if self.settings.is_plain() { 0 } else { self.settings.monitors };
        self.monitors.on_change(self.local.key, key, rings);
    }
}
