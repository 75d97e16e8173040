//! Saying goodbye.

use std::time::Duration;

use super::{Event, Membership, NodeKey, Time, probing::Purpose, timers::Timer};

/// How much this node takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Member,
    /// It told others that it leaves; so many more must say that they heard.
    Leaving {
        unheard: usize,
    },
    /// It left. It says nothing more.
    Gone,
}

impl Membership {
    /// Tells the others that this node leaves. [`super::Event::LeaveCompleted`] comes when enough of them heard, within a second.
    pub fn leave(&mut self, now: Time) {
        self.observe(now);
        if self.local.phase != Phase::Member {
            return;
        }
        let mut listeners: Vec<NodeKey> = self.monitors.targets().iter().map(|target| target.key).collect();
        let members = self.roster.live();
        for _ in 0..LISTENERS.min(members.len()) {
            let key = members[self.random.below(members.len())].key;
            if !listeners.contains(&key) {
                listeners.push(key);
            }
        }
        self.local.phase = Phase::Leaving { unheard: listeners.len().div_ceil(2) };
        self.probes.clear();
        self.spread(now, self.local.key, false);
        for key in &listeners {
            self.start_probe(now, *key, Purpose::Goodbye);
        }
        self.timers.set(now + LEAVE_WITHIN, Timer::Leave);
        if listeners.is_empty() {
            self.on_leave_overdue();
        }
    }

    /// One of those who were told has heard it.
    pub(super) fn on_goodbye_heard(&mut self) {
        match self.local.phase {
            Phase::Leaving { unheard } if unheard > 1 => self.local.phase = Phase::Leaving { unheard: unheard - 1 },
            Phase::Leaving { .. } => self.on_leave_overdue(),
            Phase::Member | Phase::Gone => {}
        }
    }

    pub(super) fn on_leave_overdue(&mut self) {
        if self.local.phase != Phase::Gone {
            self.local.phase = Phase::Gone;
            self.timers.clear();
            self.probes.clear();
            self.out.event(Event::LeaveCompleted);
        }
    }
}

/// How many others are told besides those whom this node watches.
const LISTENERS: usize = 4;

/// Longer than that nobody waits for a goodbye to be heard.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);
