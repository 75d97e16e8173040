//! Peak-EWMA: how long a worker takes, believed at once when it gets worse and slowly when it gets better.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::load::decay;
use crate::membership::Time;

/// An exponentially weighted moving average that jumps up to every peak and decays with [`TAU`], as Finagle and Linkerd
/// have it ("Peak EWMA").
///
/// One atomic word: the average in microseconds as `f32` above, and the time in ticks of 16 us below. Ticks wrap after 19
/// hours without a call; then an old average counts as a younger one.
#[derive(Debug, Default)]
pub(crate) struct PeakEwma(AtomicU64);

impl PeakEwma {
    /// Takes a call that took so many microseconds.
    pub(crate) fn observe(&self, now: Time, micros: f32) {
        self.update(|average, age, _| if micros > average { Some(micros) } else { settle(average, micros, age) }, now);
    }

    /// Takes a call that was given up after so many microseconds: it would have taken longer. `expected` is what is known of
    /// workers like this one; where that is nothing, it tells nothing.
    pub(crate) fn observe_at_least(&self, now: Time, micros: f32, expected: f32) {
        let next = |average, age, seen| {
            let known = if seen { faded(average, age, expected) } else { expected };
            ((seen || expected > 0.0) && micros > known).then_some(micros)
        };
        self.update(next, now);
    }

    /// As if it had never been seen.
    pub(crate) fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// The average in microseconds. `expected` is what is known of workers like this one: an unseen worker is taken for
    /// one of them, and a slow one that nobody asks any more slowly becomes one again.
    pub(crate) fn get(&self, now: Time, expected: f32) -> f32 {
        let word = self.0.load(Ordering::Relaxed);
        let average = f32::from_bits((word >> 32) as u32);
        if word == 0 {
            return expected;
        }
        faded(average, age(word, now), expected)
    }

    fn update(&self, next: impl Fn(f32, f32, bool) -> Option<f32>, now: Time) {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let seen = word != 0;
            let average = if seen { f32::from_bits((word >> 32) as u32) } else { 0.0 };
            let Some(average) = next(average, age(word, now), seen) else { return };
            // Never zero, which stands for unseen.
            let stored = (u64::from(average.max(f32::MIN_POSITIVE).to_bits()) << 32) | u64::from(ticks(now));
            match self.0.compare_exchange_weak(word, stored, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(current) => word = current,
            }
        }
    }
}

/// What is left of an average at this age: what is above `expected` decays.
fn faded(average: f32, age: f32, expected: f32) -> f32 {
    // Without a branch on what is below and what above: among equal workers nobody could foretell which it is.
    let above = (average - expected).max(0.0);
    average.min(expected) + above * decay(age)
}

/// The average after a faster call; nothing if no tick has passed, so that many calls in one tick don't stop its decay.
fn settle(average: f32, micros: f32, age: f32) -> Option<f32> {
    (age > 0.0).then(|| micros + (average - micros) * decay(age))
}

/// How old, in [`TAU`]s.
fn age(word: u64, now: Time) -> f32 {
    let passed = ticks(now).wrapping_sub(word as u32);
    // A time just before the stored one, from another thread, is no age of 19 hours.
    if passed > u32::MAX / 2 { 0.0 } else { passed as f32 * (16.0e-6 / TAU.as_secs_f32()) }
}

fn ticks(now: Time) -> u32 {
    (now.as_micros() >> 4) as u32
}

/// Finagle's and Linkerd's default.
const TAU: Duration = Duration::from_secs(10);

/// What calls take in the middle, by frugal streaming (Ma, Muthukrishnan and Sandler 2013): each call moves the estimate
/// by a fiftieth towards itself, so it takes 4 bytes and no lock. An estimate to compare with, not one to report.
#[derive(Debug, Default)]
pub(crate) struct Median(std::sync::atomic::AtomicU32);

impl Median {
    pub(crate) fn observe(&self, micros: f32) {
        let median = self.get();
        let next = match () {
            () if median == 0.0 => micros.max(1.0),
            () if micros > median => median * 1.02,
            () => (median / 1.02).max(1.0),
        };
        // Two calls at once count as one; there will be more.
        self.0.store(next.to_bits(), Ordering::Relaxed);
    }

    /// In microseconds; 0 before the first call.
    pub(crate) fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: f32 = 10_000.0;

    fn at(seconds: u64) -> Time {
        Time::from_micros(1 + seconds * 1_000_000)
    }

    #[test]
    fn a_call_that_was_given_up_counts_where_little_is_left_of_an_old_peak() {
        let latency = PeakEwma::default();
        latency.observe(at(0), 4_000_000.0);
        latency.observe_at_least(at(1), 2_000_000.0, EXPECTED);
        assert!(latency.get(at(1), EXPECTED) > 3_000_000.0, "it tells nothing new");
        assert!(latency.get(at(100), EXPECTED) < 2.0 * EXPECTED);
        latency.observe_at_least(at(100), 2_000_000.0, EXPECTED);
        assert_eq!(latency.get(at(100), EXPECTED), 2_000_000.0);
    }

    #[test]
    fn a_worker_that_never_answered_is_known_by_the_calls_that_were_given_up() {
        let latency = PeakEwma::default();
        latency.observe_at_least(at(0), EXPECTED, 0.0);
        assert_eq!(latency.get(at(0), 2.0 * EXPECTED), 2.0 * EXPECTED, "nobody knows whether that is long");
        latency.observe_at_least(at(0), EXPECTED / 2.0, EXPECTED);
        assert_eq!(latency.get(at(0), EXPECTED), EXPECTED, "no more was to be expected");
        latency.observe_at_least(at(0), 2_000_000.0, EXPECTED);
        assert_eq!(latency.get(at(0), EXPECTED), 2_000_000.0);
    }
}
