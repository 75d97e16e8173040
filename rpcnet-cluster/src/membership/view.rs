//! What this node knows, by reference.

use std::{sync::Arc, time::Duration};

use super::{Counters, MemberState, Membership, NodeId, Record, Time, roster::Member};

/// One node, as this one sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemberView<'a> {
    /// What it published last.
    pub record: &'a Arc<Record>,
    /// What is thought of it.
    pub state: MemberState,
    /// Counts the accusations that it has refuted.
    pub incarnation: u32,
    /// Since when it is in this state.
    pub since: Time,
}

impl<'a> MemberView<'a> {
    fn of(member: &'a Member) -> Self {
        Self { record: &member.record, state: member.state, incarnation: member.incarnation, since: member.since }
    }
}

impl Membership {
    /// This node's own record.
    pub fn local(&self) -> &Arc<Record> {
        &self.local.record
    }

    /// How many times this node has refuted accusations, in this generation.
    pub fn incarnation(&self) -> u32 {
        self.local.incarnation
    }

    /// The other nodes that count as members: alive or suspected. In no particular order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = MemberView<'_>> {
        self.roster.live().iter().map(MemberView::of)
    }

    /// The nodes that failed or left, as long as they are remembered.
    pub fn departed(&self) -> impl ExactSizeIterator<Item = MemberView<'_>> {
        self.roster.departed().iter().map(MemberView::of)
    }

    /// One other node, in whatever state.
    pub fn member(&self, id: &NodeId) -> Option<MemberView<'_>> {
        self.roster.get(id.key()).filter(|member| member.record.id == *id).map(MemberView::of)
    }

    /// How many nodes are members, this one included.
    pub fn node_count(&self) -> usize {
        self.roster.live().len() + 1
    }

    /// Whether some node took this one in, or others joined it.
    pub fn is_joined(&self) -> bool {
        self.joining.done
    }

    /// How suspicious a node's silence is: of one that this node watches, measured here; of a suspected one, what its first
    /// accuser measured; of any other, nothing.
    pub fn phi(&self, id: &NodeId, now: Time) -> Option<f64> {
        let key = id.key();
        let measured = self.monitors.get(key).map(|target| target.heartbeats.phi(now));
        measured.or_else(|| self.suspicions.get(&key).map(|suspicion| suspicion.phi.into()))
    }

    /// The phi at which this node suspects another: by its tags, if [`super::Settings::phi_threshold_by_tag`] names some.
    pub fn phi_threshold(&self, id: &NodeId) -> f64 {
        self.threshold_for(id.key())
    }

    /// The last intervals between a watched node's answers, oldest first. Empty for a node that is not watched here.
    pub fn heartbeat_intervals(&self, id: &NodeId) -> impl Iterator<Item = Duration> {
        self.monitors.get(id.key()).into_iter().flat_map(|target| target.heartbeats.intervals())
    }

    /// The nodes that this one watches.
    pub fn watched(&self) -> impl Iterator<Item = &NodeId> {
        self.monitors.targets().iter().filter_map(|target| Some(&self.roster.get(target.key)?.record.id))
    }

    /// The smoothed round trip over all probes, once one was answered.
    pub fn round_trip(&self) -> Option<Duration> {
        self.trips.smoothed()
    }

    /// How much this node doubts itself: 0 is healthy, [`super::Settings::local_health_max`] the most.
    pub fn local_health(&self) -> u32 {
        self.health.score()
    }

    /// Grows with every change of the view: as long as it stays, a copy of the view is current.
    pub fn version(&self) -> u64 {
        self.out.version
    }

    /// A digest of who is a member, with which generation, incarnation and record: equal on nodes that agree.
    pub fn digest(&self) -> u64 {
        self.roster.digest() ^ self.own_contribution()
    }

    /// Whether a partition was detected and has not healed.
    pub fn is_partitioned(&self) -> bool {
        self.partition.is_active()
    }

    /// What happened since the start.
    pub fn counters(&self) -> Counters {
        self.out.counters
    }
}
