//! What the core waits for.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{node::NodeKey, time::Time};

/// Something to do at a certain time. Timers are not withdrawn: whoever handles one looks whether it still applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The next stage of a probe.
    Probe(u32),
    /// Time to probe a monitored node.
    Monitor(NodeKey),
    /// Time to probe the next node of all.
    Random,
    /// A suspicion may have become a failure.
    Suspicion(NodeKey),
    /// Time to tell others.
    Gossip,
    /// A helper's own ping was not answered.
    Relay(u32),
    /// Ask to be taken in, once more.
    Join,
    /// Try to reach somebody who failed.
    Contact,
    /// Look whether others know what this node does not.
    Repair,
    /// Look whether a large part went away.
    Partition,
    /// Forget what is too old.
    Sweep,
    /// Leaving has taken long enough.
    Leave,
}

#[derive(Debug, Default)]
pub(crate) struct Timers(BinaryHeap<Reverse<(Time, Timer)>>);

impl Timers {
    pub(crate) fn set(&mut self, at: Time, timer: Timer) {
        self.0.push(Reverse((at, timer)));
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Time> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// The next one that is due, if any is.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<(Time, Timer)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(due)| due)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
