//! Whom this node watches for good.
//!
//! Times between answers tell something only if the same node asks the same one again and again. With random probes, two of
//! a thousand nodes meet every quarter of an hour. So all nodes are laid out on a few rings, in an order that differs from ring to
//! ring and is the same for everybody (as in Rapid, Suresh et al. 2018), and each watches its successor on each ring. Who crashes
//! together with a monitor on one ring has others on the other rings.

use super::{
    node::{MemberState, NodeKey},
    phi::Heartbeats,
    random::mix,
    roster::Roster,
    time::Time,
};

/// A node that this one watches.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) key: NodeKey,
    pub(crate) heartbeats: Heartbeats,
    /// When the next probe is due, unless one is under way.
    pub(crate) next: Time,
}

#[derive(Debug, Default)]
pub(crate) struct Monitors {
    targets: Vec<Target>,
    /// The successor on each ring.
    successors: Vec<NodeKey>,
    /// The view has changed where it matters.
    stale: bool,
}

impl Monitors {
    pub(crate) fn get(&self, key: NodeKey) -> Option<&Target> {
        self.targets.iter().find(|target| target.key == key)
    }

    pub(crate) fn get_mut(&mut self, key: NodeKey) -> Option<&mut Target> {
        self.targets.iter_mut().find(|target| target.key == key)
    }

    pub(crate) fn targets(&self) -> &[Target] {
        &self.targets
    }

    pub(crate) fn targets_mut(&mut self) -> &mut [Target] {
        &mut self.targets
    }

    /// A member came, went, or changed its state: remembers whether that may change whom this node watches.
    pub(crate) fn on_change(&mut self, own: NodeKey, key: NodeKey, rings: usize) {
        if self.stale {
            return;
        }
        self.stale = self.successors.len() < rings
            || self.get(key).is_some()
            || (0u64..)
                .zip(&self.successors)
                .any(|(ring, successor)| distance(ring, own, key) < distance(ring, own, *successor));
    }

    /// Chooses again whom to watch, if the view has changed: on each ring the next one that is alive, and all different;
    /// and those that were watched when they came under suspicion, up to [`SUSPECTS_MAX`] of them.
    ///
    /// `watch` makes a new target.
    pub(crate) fn refresh(
        &mut self,
        own: NodeKey,
        roster: &Roster,
        rings: usize,
        mut watch: impl FnMut(NodeKey) -> Target,
    ) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        self.successors.clear();
        for ring in 0..rings as u64 {
            let candidates = roster
                .live()
                .iter()
                .filter(|member| member.state == MemberState::Alive && !self.successors.contains(&member.key));
            let Some(next) = candidates.min_by_key(|member| distance(ring, own, member.key)) else { break };
            self.successors.push(next.key);
        }
        let mut suspects = 0;
        self.targets.retain(|target| {
            let is_suspect = roster.get(target.key).is_some_and(|member| member.state == MemberState::Suspect);
            suspects += usize::from(is_suspect);
            self.successors.contains(&target.key) || is_suspect && suspects <= SUSPECTS_MAX
        });
        for key in &self.successors {
            if !self.targets.iter().any(|target| target.key == *key) {
                self.targets.push(watch(*key));
            }
        }
    }
}

/// How far `to` comes after `from` on a ring.
fn distance(ring: u64, from: NodeKey, to: NodeKey) -> u64 {
    let place = |key: NodeKey| mix(key.0 ^ mix(ring + 1));
    place(to).wrapping_sub(place(from))
}

/// Suspected nodes that one node goes on watching; whoever suspects more learns from others when they refute.
const SUSPECTS_MAX: usize = 8;
