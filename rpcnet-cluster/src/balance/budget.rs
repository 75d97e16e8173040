//! How many more attempts than calls there may be.

use std::time::Duration;

use super::window::Window;
use crate::membership::Time;

/// Bounds retries to a share of the calls, so that a pool which fails is not asked twice and thrice as often ("retry budget",
/// Finagle; Site Reliability Engineering, chapter 22).
///
/// One for all calls to a pool. Over any 10 s there are at most a tenth as many retries as calls, and 10 a second on top, so
/// that callers with few calls may retry them. Both can be [set](Self::new).
#[derive(Debug)]
pub struct RetryBudget {
    calls: Window<SLOTS, SLOT_US>,
    retries: Window<SLOTS, SLOT_US>,
    share: f64,
    floor: f64,
}

impl RetryBudget {
    /// At most `share` of the calls (0.1 is a tenth), and `floor_per_second` on top.
    pub fn new(share: f64, floor_per_second: f64) -> Self {
        let floor = floor_per_second * KEPT.as_secs_f64();
        Self { calls: Window::new(), retries: Window::new(), share, floor }
    }

    /// Counts a call: its first attempt, not the others.
    pub fn on_call(&self, now: Time) {
        self.calls.add(now);
    }

    /// Whether there may be another attempt now. If so, it counts.
    pub fn try_retry(&self, now: Time) -> bool {
        self.try_spend(now, 1.0)
    }

    /// The attempt that was allowed at this time was not made after all.
    pub(crate) fn give_back(&self, now: Time) {
        self.retries.remove(now);
    }

    /// As [`Self::try_retry`], of this part of the budget.
    pub(crate) fn try_spend(&self, now: Time, part: f64) -> bool {
        // Counted first, so that threads which ask at once never get more than there is.
        self.retries.add(now);
        let allowed = self.share * self.calls.sum(now) as f64 + self.floor;
        let granted = self.retries.sum(now) as f64 <= allowed * part;
        if !granted {
            self.retries.remove(now);
        }
        granted
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(0.1, 10.0)
    }
}

/// Finagle's time to live of a deposit.
const KEPT: Duration = Duration::from_secs(10);
const SLOTS: usize = 10;
const SLOT_US: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_micros(millis * 1_000)
    }

    #[test]
    fn retries_are_a_tenth_of_the_calls_and_ten_a_second() {
        let budget = RetryBudget::default();
        let mut retries = 0;
        for millis in 0..10_000 {
            budget.on_call(at(millis));
            retries += u64::from(budget.try_retry(at(millis)));
        }
        assert_eq!(retries, 1_000 + 100);
    }

    #[test]
    fn calls_of_ten_seconds_ago_allow_nothing() {
        let budget = RetryBudget::new(0.5, 0.0);
        (0..10).for_each(|_| budget.on_call(at(0)));
        assert!(budget.try_retry(at(9_999)));
        assert!(!budget.try_retry(at(10_000)));
    }
}
