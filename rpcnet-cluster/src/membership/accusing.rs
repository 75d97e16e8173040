//! Suspicions: raised, confirmed, refuted, and what becomes of those that nobody refutes.

use std::sync::Arc;

use super::{
    Event, MemberState, Membership, NodeKey, Record, Time,
    gossip::abridged,
    leaving::Phase,
    node::{GENERATION_MAX, INCARNATION_MAX, Standing},
    probing::Purpose,
    roster::contribution_of,
    suspicion::Suspicion,
    timers::Timer,
    wire::{Accusers, Claim},
};

impl Membership {
    /// This node's own probe found no trace of a member.
    ///
    /// In private if this node has not heard from anybody lately: then it is as likely that its own ears are gone. It
    /// tells nobody, and drops the accusation as soon as the accused answers.
    pub(super) fn accuse(&mut self, now: Time, key: NodeKey, phi: f64, private: bool) {
        let Some(member) = self.roster.get(key) else { return };
        match member.state {
            MemberState::Alive => {
                self.out.counters.accusations += 1;
                let incarnation = member.incarnation;
                let accusers = Accusers::one(self.local.key);
                let suspicion = Suspicion {
                    accusers,
                    phi: phi as f32,
                    started: now,
                    deadline: now,
                    private,
                    condemned: false,
                    excused: false,
                };
                self.suspect(now, key, incarnation, suspicion);
            }
            MemberState::Suspect => self.confirm(now, key, private),
            MemberState::Failed | MemberState::Left => {}
        }
    }

    fn confirm(&mut self, now: Time, key: NodeKey, private: bool) {
        let own = Accusers::one(self.local.key);
        let Some(suspicion) = self.suspicions.get_mut(&key).filter(|_| !private) else { return };
        let was_private = std::mem::take(&mut suspicion.private);
        if suspicion.accusers.merge(&own) || was_private {
            self.out.counters.accusations += 1;
            self.hasten(now, key);
        }
    }

    /// Others suspect it, too.
    pub(super) fn on_confirmed(&mut self, now: Time, claim: &Claim) {
        let Some(suspicion) = self.suspicions.get_mut(&claim.key) else { return };
        let was_private = std::mem::take(&mut suspicion.private);
        if suspicion.accusers.merge(&claim.accusers) || was_private {
            let missing = (self.settings.confirmations + 1).saturating_sub(suspicion.accusers.as_slice().len());
            self.hasten(now, claim.key);
            self.look_for_myself(now, claim.key, missing as f64);
        }
    }

    /// A suspicion has one accuser more.
    fn hasten(&mut self, now: Time, key: NodeKey) {
        if self.settings.is_plain() {
            return;
        }
        let members = self.node_count();
        if let Some(suspicion) = self.suspicions.get_mut(&key) {
            // The last confirmation may come when the time is already up.
            suspicion.deadline = suspicion.deadline(&self.settings, members).max(now);
            self.timers.set(suspicion.deadline, Timer::Suspicion(key));
        }
        self.spread_less(now, key);
    }

    /// Starts a suspicion, or starts it anew for a later incarnation.
    pub(super) fn suspect(&mut self, now: Time, key: NodeKey, incarnation: u32, mut suspicion: Suspicion) {
        let Some(member) = self.roster.get(key) else { return };
        let (record, was) = (Arc::clone(&member.record), member.state);
        self.roster.update(key, |member| {
            member.incarnation = incarnation;
            member.state = MemberState::Suspect;
            member.since = now;
        });
        suspicion.deadline = suspicion.deadline(&self.settings, self.node_count());
        self.timers.set(suspicion.deadline, Timer::Suspicion(key));
        let (phi, private) = (suspicion.phi, suspicion.private);
        self.suspicions.insert(key, suspicion);
        if was != MemberState::Suspect {
            self.out.event(Event::NodeSuspect { node: record, phi: phi.into() });
        }
        self.on_changed(key);
        self.watch_soon(now);
        if !private {
            self.spread(now, key, false);
            self.look_for_myself(now, key, VOLUNTEERS);
        }
    }

    /// Asks a suspected node itself: if this node watches it, and else by lot, so that about so many `volunteers` do. They
    /// tell the accused in passing, and confirm if it does not answer. So there are independent witnesses even if those who
    /// watch it are gone with it.
    fn look_for_myself(&mut self, now: Time, key: NodeKey, volunteers: f64) {
        if self.settings.is_plain()
            || self.suspicions.get(&key).is_some_and(|known| known.accusers.contains(self.local.key))
        {
            return;
        }
        let able = self.node_count().saturating_sub(self.suspicions.len()).max(1);
        let share = volunteers / able as f64;
        if self.monitors.get(key).is_some() || self.random.chance(share) {
            self.start_probe(now, key, Purpose::Verify);
        }
    }

    pub(super) fn on_suspicion_due(&mut self, now: Time, key: NodeKey) {
        let Some(suspicion) = self.suspicions.get_mut(&key).filter(|suspicion| suspicion.deadline <= now) else {
            return;
        };
        if now < self.blind_until && !std::mem::replace(&mut suspicion.excused, true) {
            return self.timers.set(self.blind_until, Timer::Suspicion(key));
        }
        let private = suspicion.private;
        self.fail(now, key, !private);
    }

    /// A member counts no more.
    pub(super) fn fail(&mut self, now: Time, key: NodeKey, spread: bool) {
        let Some(member) = self.roster.get(key) else { return };
        let record = Arc::clone(&member.record);
        self.suspicions.remove(&key);
        self.roster.update(key, |member| {
            member.state = MemberState::Failed;
            member.since = now;
        });
        self.out.event(Event::NodeFailed(record));
        self.on_changed(key);
        self.watch_soon(now);
        if spread {
            self.spread(now, key, false);
        } else {
            self.gossip.rumors.silence(key);
        }
        self.on_lost(now, key);
        self.trim_departed();
    }

    /// Takes back what this node alone thinks of a member that has just proven to be there.
    pub(super) fn absolve(&mut self, now: Time, key: NodeKey) {
        let Some(member) = self.roster.get(key) else { return };
        let record = Arc::clone(&member.record);
        self.suspicions.remove(&key);
        self.roster.update(key, |member| {
            member.state = MemberState::Alive;
            member.since = now;
        });
        self.on_recovered(now, key, record);
    }

    pub(super) fn is_private(&self, key: NodeKey) -> bool {
        self.suspicions.get(&key).is_some_and(|suspicion| suspicion.private)
    }

    /// Somebody says something about this node.
    pub(super) fn on_claim_about_self(&mut self, now: Time, claim: Claim) {
        let own = self.local.record.generation;
        if claim.standing.generation > own {
            return self.on_later_run(now, claim);
        }
        let accused = claim.standing.generation == own && claim.standing.incarnation >= self.local.incarnation;
        if !accused || self.local.displaced || self.local.phase != Phase::Member {
            return;
        }
        match claim.standing.state {
            MemberState::Alive if claim.standing.incarnation == self.local.incarnation => {}
            // Forged, or from a run of the same generation: above it either way.
            MemberState::Alive => self.refute(now, claim.standing.incarnation),
            MemberState::Suspect | MemberState::Failed => {
                self.health.on_trouble();
                self.refute(now, claim.standing.incarnation);
            }
            // Nothing outranks it but a new generation.
            MemberState::Left => self.take_generation(now, own + 1),
        }
    }

    /// The cluster knows a later run of this node: this one has an old clock, or another node has its name.
    fn on_later_run(&mut self, now: Time, claim: Claim) {
        let Some(other) = claim.record else { return };
        if self.local.phase != Phase::Member {
            return;
        }
        let same_place = other.gossip_address == self.local.record.gossip_address;
        if same_place || !claim.standing.state.is_live() {
            self.take_generation(now, claim.standing.generation.saturating_add(1));
        } else if !std::mem::replace(&mut self.local.displaced, true) {
            self.joining.done = false;
            self.schedule_join(now, self.settings.repair_interval);
            self.out.event(Event::Conflict { other: Arc::new(other) });
        }
    }

    /// Raises the incarnation above `above` and tells everybody.
    pub(super) fn refute(&mut self, now: Time, above: u32) {
        self.out.counters.refutations += 1;
        if above >= INCARNATION_MAX - 1 {
            return self.take_generation(now, self.local.record.generation + 1);
        }
        self.local.incarnation = above + 1;
        self.spread(now, self.local.key, false);
    }

    /// Goes on as a new run.
    fn take_generation(&mut self, now: Time, generation: u64) {
        if generation > GENERATION_MAX {
            self.out.counters.refused += 1;
            return;
        }
        let mut record = Record::clone(&self.local.record);
        record.generation = generation;
        self.local.record = Arc::new(record);
        self.local.incarnation = 0;
        self.out.event(Event::GenerationChanged(generation));
        self.spread(now, self.local.key, true);
        if std::mem::take(&mut self.local.displaced) || !self.joining.done {
            self.schedule_join(now, std::time::Duration::ZERO);
        }
    }

    /// What this node says about itself.
    pub(super) fn own_claim(&self, with_record: bool) -> Claim {
        let state = if self.local.phase == Phase::Member { MemberState::Alive } else { MemberState::Left };
        let record = &self.local.record;
        let standing = Standing { generation: record.generation, incarnation: self.local.incarnation, state };
        Claim { record: with_record.then(|| abridged(record)), ..Claim::bare(self.local.key, standing, record.version) }
    }

    /// What this node adds to its own digest.
    pub(super) fn own_contribution(&self) -> u64 {
        if self.local.phase != Phase::Member {
            return 0;
        }
        let record = &self.local.record;
        contribution_of(self.local.key, record.generation, self.local.incarnation, record.version)
    }
}

/// How many nodes that do not watch a suspected one ask it nevertheless, on average.
const VOLUNTEERS: f64 = 4.0;
