//! What the core waits for.

use std::collections::{BTreeMap, BTreeSet};

use super::{node::NodeKey, time::Time};

/// Something to do at a certain time. Each is set once at most: setting it again moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The next stage of a probe.
    Probe(u32),
    /// Time to probe a monitored node.
    Monitor(NodeKey),
    /// Time to probe the next node of all.
    Random,
    /// A suspicion becomes a failure.
    Suspicion(NodeKey),
    /// Time to tell others.
    Gossip,
    /// A helper's own ping was not answered.
    Relay(u32),
    /// Ask to be taken in, once more.
    Join,
    /// Try to reach somebody who failed.
    Contact,
    /// Ask for records that gossip did not bring.
    Repair,
    /// Look whether a large part went away.
    Partition,
    /// Forget what is too old.
    Sweep,
    /// Leaving has taken long enough.
    Leave,
}

/// Timers by time. One that no longer applies fires nevertheless; whoever handles it looks.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    order: BTreeSet<(Time, Timer)>,
    set: BTreeMap<Timer, Time>,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Time, timer: Timer) {
        if let Some(before) = self.set.insert(timer, at) {
            self.order.remove(&(before, timer));
        }
        self.order.insert((at, timer));
    }

    /// Spares the driver to be woken for what does not apply any more.
    pub(crate) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.set.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    /// When this one is due, if it is set.
    pub(crate) fn due(&self, timer: Timer) -> Option<Time> {
        self.set.get(&timer).copied()
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Time> {
        self.order.first().map(|(at, _)| *at)
    }

    /// The next one that is due, if any is.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<(Time, Timer)> {
        if self.next()? > now {
            return None;
        }
        let due = self.order.pop_first()?;
        self.set.remove(&due.1);
        Some(due)
    }

    pub(crate) fn clear(&mut self) {
        self.order.clear();
        self.set.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timers_fire_in_order_and_each_once_however_often_it_is_set_unless_it_is_cancelled() {
        let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        timers.set(at(3), Timer::Gossip);
        timers.set(at(1), Timer::Gossip);
        timers.set(at(2), Timer::Join);
        assert_eq!((timers.next(), timers.pop_due(at(0))), (Some(at(1)), None));
        assert_eq!(timers.pop_due(at(9)), Some((at(1), Timer::Gossip)));
        assert_eq!(timers.pop_due(at(9)), Some((at(2), Timer::Join)));
        assert_eq!((timers.pop_due(at(9)), timers.next()), (None, None));
        timers.set(at(4), Timer::Leave);
        timers.cancel(Timer::Leave);
        timers.cancel(Timer::Sweep);
        assert_eq!(timers.next(), None);
    }
}
