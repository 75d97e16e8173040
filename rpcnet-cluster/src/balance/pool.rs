//! What the workers of a roster have in common.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{latency::Median, random::SharedRandom};
use crate::membership::Time;

/// What the workers of a [`Roster`](super::Roster) have in common.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) random: SharedRandom,
    /// What a successful call takes in the middle.
    pub(crate) median: Median,
    /// Most workers were found out of order.
    panics: AtomicBool,
    amnesty_us: AtomicU64,
    /// The latest time that anybody told.
    now_us: AtomicU64,
}

impl Pool {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: SharedRandom::new(seed),
            median: Median::default(),
            panics: AtomicBool::new(false),
            amnesty_us: AtomicU64::new(0),
            now_us: AtomicU64::new(0),
        }
    }

    pub(crate) fn tell(&self, now: Time) {
        self.now_us.fetch_max(now.as_micros(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_micros(self.now_us.load(Ordering::Relaxed))
    }

    pub(crate) fn set_panic(&self, panics: bool) {
        if self.panics.load(Ordering::Relaxed) != panics {
            self.panics.store(panics, Ordering::Relaxed);
        }
    }

    /// A worker whose breaker was open has answered. When most were out, it was not each worker's own fault but a common
    /// one, and it is over: the others may be tried at once instead of after up to five minutes.
    pub(crate) fn on_recovery(&self, now: Time) {
        if self.panics.load(Ordering::Relaxed) {
            self.amnesty_us.store(now.as_micros(), Ordering::Relaxed);
        }
    }

    /// Breakers that were opened before this may be tried.
    pub(crate) fn amnesty(&self) -> Time {
        Time::from_micros(self.amnesty_us.load(Ordering::Relaxed))
    }
}
