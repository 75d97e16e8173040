//! Noticing that a large part of the cluster went away at once, and that it is back.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use super::{Event, MemberState, Membership, NodeId, NodeKey, Time, timers::Timer};

/// Losses that may be a partition, and the partition that was detected.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    /// Recent failures, oldest first.
    losses: VecDeque<(Time, NodeKey)>,
    /// When so many were lost that something larger is going on.
    began: Option<Time>,
    active: Option<Active>,
}

#[derive(Debug)]
struct Active {
    lost: BTreeSet<NodeKey>,
    /// Those of them that are still away.
    missing: BTreeSet<NodeKey>,
    /// This node is on the smaller side.
    minority: bool,
    /// The other side was met again.
    met: bool,
}

impl Partition {
    pub(super) fn is_active(&self) -> bool {
        self.active.is_some()
    }

    pub(super) fn on_stall(&mut self) {
        self.losses.clear();
        self.began = None;
    }
}

impl Membership {
    /// A member failed.
    pub(super) fn on_lost(&mut self, now: Time, key: NodeKey) {
        if let Some(active) = &mut self.partition.active
            && active.lost.contains(&key)
        {
            active.missing.insert(key);
            return;
        }
        if self.partition.losses.is_empty() {
            self.timers.set(now + LOOK_EVERY, Timer::Partition);
        }
        self.partition.losses.push_back((now, key));
        if self.partition.losses.len() > self.settings.members_max {
            self.partition.losses.pop_front();
        }
    }

    pub(super) fn on_partition_due(&mut self, now: Time) {
        let began = self.partition.began;
        let Partition { losses, .. } = &mut self.partition;
        while began.is_none() && losses.front().is_some_and(|(at, _)| now.since(*at) > TOGETHER) {
            losses.pop_front();
        }
        if losses.is_empty() {
            return;
        }
        self.timers.set(now + LOOK_EVERY, Timer::Partition);
        let mut lost = self.still_lost();
        let baseline = self.node_count() + lost.len();
        match began {
            None if lost.len() >= LOST_MIN && lost.len() * LOST_SHARE >= baseline => self.partition.began = Some(now),
            None => {}
            Some(began) => {
                // Whoever was suspected for as long as a confirmed suspicion takes, and did not refute, is as good as lost.
                let grace = self.settings.suspicion_min;
                let undecided = self.suspicions.values().any(|suspicion| now.since(suspicion.started) < grace);
                let took = now.since(began);
                if took >= DECIDE_AFTER && !undecided || took >= DECIDE_WITHIN {
                    self.partition.began = None;
                    self.partition.losses.clear();
                    let overdue = self.suspicions.iter().filter(|(_, known)| now.since(known.started) >= grace);
                    lost.extend(overdue.map(|(key, _)| *key));
                    self.on_parted(lost);
                }
            }
        }
    }

    fn still_lost(&self) -> BTreeSet<NodeKey> {
        let failed = |key: &NodeKey| self.roster.get(*key).is_some_and(|member| member.state == MemberState::Failed);
        self.partition.losses.iter().map(|(_, key)| *key).filter(failed).collect()
    }

    /// Decides which side this is. The other side, which lost whom this one kept, decides the same.
    fn on_parted(&mut self, mut lost: BTreeSet<NodeKey>) {
        if let Some(active) = self.partition.active.take() {
            lost.extend(active.missing);
        }
        if lost.len() < LOST_MIN {
            return;
        }
        let name = |key: &NodeKey| self.roster.get(*key).map(|member| member.record.id.clone());
        let mut gone: Vec<NodeId> = lost.iter().filter_map(name).collect();
        let kept = self.roster.live().iter().filter(|member| !lost.contains(&member.key));
        let kept = kept.map(|member| member.record.id.clone());
        let mut kept: Vec<NodeId> = kept.chain([self.local.record.id.clone()]).collect();
        gone.sort_unstable();
        kept.sort_unstable();
        let whole = self.settings.expected_size.unwrap_or(0).max(kept.len() + gone.len());
        let minority = match (kept.len() * 2).cmp(&whole) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => gone.first() < kept.first(),
            std::cmp::Ordering::Greater => false,
        };
        let (smaller, larger) = if minority { (kept, gone) } else { (gone, kept) };
        self.out.event(Event::PartitionDetected { minority: smaller, majority: larger });
        self.partition.active = Some(Active { missing: lost.clone(), lost, minority, met: false });
    }

    /// A packet came from a node. If it is one of those that are missing, the sides have met.
    pub(super) fn on_sign_of_life(&mut self, now: Time, key: NodeKey) {
        let Some(active) = self.partition.active.as_mut().filter(|active| active.missing.contains(&key)) else {
            return;
        };
        if std::mem::replace(&mut active.met, true) {
            return;
        }
        let minority = active.minority;
        let missing: Vec<_> = active.missing.iter().copied().collect();
        if !minority {
            return;
        }
        // The majority thinks that this node failed, and would say so sooner or later: better to refute it at once. What
        // this node thinks of the majority it takes back, so that nobody there needs to refute anything; whoever is really
        // gone will be missed again.
        self.refute(now, self.local.incarnation);
        for key in missing {
            if self.roster.get(key).is_some_and(|member| member.state == MemberState::Failed) {
                self.absolve(now, key);
            }
        }
    }

    /// A member is there again, or has left for good.
    pub(super) fn on_returned(&mut self, key: NodeKey) {
        let Some(active) = &mut self.partition.active else { return };
        active.missing.remove(&key);
        if active.missing.len() * 10 <= active.lost.len() {
            self.partition.active = None;
            self.out.event(Event::PartitionHealed);
        }
    }
}

/// Losses within this time belong together.
const TOGETHER: Duration = Duration::from_secs(5);

/// A partition loses at least two nodes, and one in five.
const LOST_MIN: usize = 2;
const LOST_SHARE: usize = 5;

/// It is decided as soon as no suspicion is young, but not before, and not after:
const DECIDE_AFTER: Duration = Duration::from_secs(3);
const DECIDE_WITHIN: Duration = Duration::from_secs(5);

const LOOK_EVERY: Duration = Duration::from_millis(250);
