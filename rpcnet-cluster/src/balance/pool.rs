//! What the workers of a roster have in common.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::{latency::Median, load::BELIEVED, random::SharedRandom};
use crate::membership::Time;

/// What the workers of a [`Roster`](super::Roster) have in common.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) random: SharedRandom,
    /// What a successful call takes in the middle.
    pub(crate) median: Median,
    /// Most workers were found out of order.
    panics: AtomicBool,
    /// Calls of others that workers report, on average.
    others: AtomicU32,
    /// The average peak-EWMA of the workers, as of the last survey.
    typical_us: AtomicU32,
    amnesty_us: AtomicU64,
    /// The latest time that anybody told.
    now_us: AtomicU64,
}

/// What workers are like, read once for all that a pick compares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usual {
    /// The average peak-EWMA, in microseconds; 0 before the first calls.
    pub(crate) latency_us: f32,
    /// Calls of others that a worker is expected to have that has said nothing lately.
    pub(crate) others_if_silent: f32,
    /// By how much a report fades in a microsecond: after as long as a call takes, e^-1 of it is left.
    pub(crate) fading: f32,
}

impl Pool {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: SharedRandom::new(seed),
            median: Median::default(),
            panics: AtomicBool::new(false),
            others: AtomicU32::new(0),
            typical_us: AtomicU32::new(0),
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

    /// Takes how many calls of others a worker has reported.
    pub(crate) fn on_report(&self, others: u32) {
        let average = self.others();
        // One worker that has very many, or says so, makes no average.
        let others = (others as f32).min(FEW + OUTLIER * average);
        // Two reports at once count as one; there will be more.
        self.others.store((average + (others - average) * OTHERS_GAIN).to_bits(), Ordering::Relaxed);
    }

    /// How many calls of others a worker has on average, by their reports.
    pub(crate) fn others(&self) -> f32 {
        f32::from_bits(self.others.load(Ordering::Relaxed))
    }

    pub(crate) fn set_typical_us(&self, micros: f32) {
        self.typical_us.store(micros.to_bits(), Ordering::Relaxed);
    }

    /// What a worker is like as far as nothing is known of it.
    pub(crate) fn usual(&self) -> Usual {
        let latency_us = f32::from_bits(self.typical_us.load(Ordering::Relaxed));
        let fading = 1.0 / latency_us.clamp(1.0, BELIEVED.as_micros() as f32);
        let others = self.others();
        let others_if_silent = if others < OTHERS_MIN { 0.0 } else { others + SILENCE_ADDS };
        Usual { latency_us, others_if_silent, fading }
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

/// Who has not answered lately is busier than the others, since long calls keep a worker silent while its queue grows. Not by
/// more than that: of callers that wait for their answers, each would stay with its worker, and whoever returns would never be
/// asked (BALANCING.md).
const SILENCE_ADDS: f32 = 0.5;
/// Fewer are nobody: else a caller that is nearly alone would stay with the worker of which it heard last that it is idle.
const OTHERS_MIN: f32 = 0.25;
/// A report counts for no more than some times the average, and a few.
const OUTLIER: f32 = 4.0;
const FEW: f32 = 16.0;
/// So that about the last hundred reports count.
const OTHERS_GAIN: f32 = 0.01;
