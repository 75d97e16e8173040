//! When a call that takes long is sent to a second worker.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{budget::RetryBudget, quantile::LatencyHistogram};
use crate::membership::Time;

/// Decides when a call that takes long is sent to a second worker too, so that the first answer counts ("hedged requests",
/// Dean and Barroso 2013). For idempotent calls only: both workers may do the work.
///
/// A call is hedged once it has taken longer than 95% of the calls of the last minute, and as long as at most 2% of all calls of
/// the last 10 s were (one in 10 s at least, so that there is something for the first calls). Beyond that, four in 10 s may be
/// that have used up half of the time that they had when they were sent: those are about to fail, and the others must not
/// have eaten what could save them. One for calls of the same kind, such as one for each method.
#[derive(Debug)]
pub struct Hedging {
    latencies: LatencyHistogram,
    budget: RetryBudget,
    /// For calls that are about to fail.
    reserve: RetryBudget,
    /// In microseconds; 0 while too little is known.
    delay_us: AtomicU64,
    /// After which a call gets what is left of the budget, in microseconds.
    last_delay_us: AtomicU64,
}

impl Hedging {
    /// Hedges at most this share of the calls, and the few that are allowed beyond any share.
    pub fn new(share: f64) -> Self {
        let (latencies, zero) = (LatencyHistogram::new(), || AtomicU64::new(0));
        let budget = RetryBudget::new(share * (1.0 - FLOOR_SHARE), FLOOR);
        let reserve = RetryBudget::new(0.0, RESERVE);
        Self { latencies, budget, reserve, delay_us: zero(), last_delay_us: zero() }
    }

    /// Counts a call.
    pub fn on_call(&self, now: Time) {
        self.budget.on_call(now);
    }

    /// Takes what a call took until it was answered, by whichever worker.
    pub fn on_answer(&self, now: Time, latency: Duration) {
        let count = self.latencies.add(now, latency);
        // One sample more among many moves no quantile, and looking at them all costs as much as some calls.
        let every = if count < SAMPLES_MANY { SAMPLES_MIN } else { SAMPLES_MANY };
        if count >= SAMPLES_MIN && count.is_multiple_of(every) {
            let quantile = |share| self.latencies.quantile(share).map_or(0, |delay| delay.as_micros() as u64);
            self.delay_us.store(quantile(QUANTILE), Ordering::Relaxed);
            self.last_delay_us.store(quantile(LAST_QUANTILE), Ordering::Relaxed);
        }
    }

    /// How long an attempt should have taken when it is next asked whether to hedge it: one that has taken so long of the time
    /// `within` that it had when it was sent. First after what is long for a call, then after as long again, and at half of
    /// `within` in any case; at that alone until enough calls were answered to tell what is long.
    ///
    /// Both times count from the attempt's own beginning: that of a call's second attempt, not that of the call.
    pub fn next_look(&self, waited: Duration, within: Duration) -> Duration {
        let half = within / 2;
        let delay = self.delay().unwrap_or(half);
        let next = if waited < delay { delay } else { waited.saturating_add(delay.max(AGAIN_MIN)) };
        if waited < half { next.min(half) } else { next }
    }

    /// How long a call should have taken before it is hedged; `None` until enough calls were answered to tell.
    pub fn delay(&self) -> Option<Duration> {
        Some(self.delay_us.load(Ordering::Relaxed)).filter(|&delay| delay > 0).map(Duration::from_micros)
    }

    /// Whether a call that has taken so long of the time `within` that it had when it was sent may be hedged now. If so, it
    /// counts. If not, ask again at the [next look](Self::next_look). From half of `within` on, four in 10 s may be beyond the share.
    ///
    /// Five of a hundred calls ask, and two may: so half of what may be hedged is kept for the one or two of a hundred that take the
    /// longest, those that hang among them.
    pub fn try_hedge(&self, now: Time, waited: Duration, within: Duration) -> bool {
        self.grant(now, waited, within).is_some()
    }

    /// The same, to be [given back](Self::give_back) if the call can't be made a second time after all.
    pub(crate) fn grant(&self, now: Time, waited: Duration, within: Duration) -> Option<Grant> {
        let long = waited.as_micros() as u64 >= self.last_delay_us.load(Ordering::Relaxed);
        let is_endangered = waited >= within / 2;
        let of_reserve = match () {
            () if self.budget.try_spend(now, if long { 1.0 } else { 0.5 }) => false,
            () if is_endangered && self.reserve.try_retry(now) => true,
            () => return None,
        };
        Some(Grant { at: now, of_reserve })
    }

    /// Another call may have what this one could not use.
    pub(crate) fn give_back(&self, grant: Grant) {
        let budget = if grant.of_reserve { &self.reserve } else { &self.budget };
        budget.give_back(grant.at);
    }
}

/// The right to make a call a second time, and what it was taken from.
#[derive(Debug)]
#[must_use = "what is not used is to be given back"]
pub(crate) struct Grant {
    at: Time,
    of_reserve: bool,
}

impl Default for Hedging {
    fn default() -> Self {
        Self::new(0.02)
    }
}

const QUANTILE: f64 = 0.95;
/// Fewer calls than may be hedged take longer than this.
const LAST_QUANTILE: f64 = 0.985;
const SAMPLES_MIN: u32 = 20;
const SAMPLES_MANY: u32 = 500;
/// A budget that is spent is not asked all the time.
const AGAIN_MIN: Duration = Duration::from_millis(5);
/// One in ten seconds, so that a caller may hedge among its first calls; a tenth of the share makes room for it.
const FLOOR: f64 = 0.1;
const FLOOR_SHARE: f64 = 0.1;
/// A second. A caller that has just begun may meet a worker that hangs a few times before it knows it for slow.
const RESERVE: f64 = 0.4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_hedged_after_the_95th_percentile_and_at_most_one_in_fifty() {
        let hedging = Hedging::default();
        let mut hedged = 0;
        for call in 0..10_000u64 {
            let now = Time::from_micros(call * 1_000);
            assert_eq!(hedging.delay().is_some(), call >= 20, "{call}");
            hedging.on_call(now);
            hedged += u64::from(hedging.try_hedge(now, Duration::from_secs(1), Duration::from_secs(30)));
            hedging.on_answer(now, Duration::from_millis(call % 100));
        }
        assert!((175..=200).contains(&hedged), "{hedged}");
        let delay = hedging.delay().expect("enough samples").as_millis();
        assert!((93..110).contains(&delay), "{delay} ms");
    }

    #[test]
    fn a_call_that_has_used_up_half_of_its_time_is_hedged_though_nothing_is_left() {
        let (hedging, now, within) = (Hedging::default(), Time::ZERO, Duration::from_secs(1));
        let try_after = |millis| hedging.try_hedge(now, Duration::from_millis(millis), within);
        assert_eq!([499, 499].map(try_after), [true, false]);
        assert_eq!([500; 5].map(try_after), [true, true, true, true, false]);
    }

    #[test]
    fn what_is_given_back_is_there_for_another_call() {
        let (hedging, within) = (Hedging::default(), Duration::from_secs(1));
        let grant_after = |millis| hedging.grant(Time::ZERO, Duration::from_millis(millis), within);
        for _ in 0..10 {
            hedging.give_back(grant_after(500).expect("the share's floor"));
        }
        let _share = grant_after(500).expect("the share's floor");
        for _ in 0..10 {
            hedging.give_back(grant_after(500).expect("the reserve"));
        }
        let reserve = [500; 5].map(|millis| grant_after(millis).is_some());
        assert_eq!(reserve, [true, true, true, true, false]);
    }

    /// One that takes calls of this many milliseconds for long.
    fn with_delay(millis: u64) -> Hedging {
        let hedging = Hedging::default();
        hedging.delay_us.store(millis * 1_000, Ordering::Relaxed);
        hedging
    }

    fn looks(hedging: &Hedging, within_ms: u64, count: usize) -> Vec<u64> {
        let within = Duration::from_millis(within_ms);
        let next = |waited: &Duration| Some(hedging.next_look(*waited, within));
        let looks = std::iter::successors(next(&Duration::ZERO), next).take(count);
        looks.map(|look| look.as_millis() as u64).collect()
    }

    #[test]
    fn a_slow_attempt_is_looked_at_again_and_again_and_at_half_of_its_time() {
        assert_eq!(looks(&with_delay(80), 1_000, 9), [80, 160, 240, 320, 400, 480, 500, 580, 660]);
        assert_eq!(looks(&with_delay(125), 1_000, 5), [125, 250, 375, 500, 625]);
        // What is long has become longer meanwhile: not before that.
        assert_eq!(with_delay(300).next_look(Duration::from_millis(80), Duration::from_secs(1)).as_millis(), 300);
        // Quick calls are not looked at all the time.
        assert_eq!(looks(&with_delay(1), 1_000, 3), [1, 6, 11]);
    }

    #[test]
    fn half_of_the_time_comes_first_where_calls_take_longer_or_nothing_is_known() {
        assert_eq!(looks(&with_delay(800), 1_000, 3), [500, 800, 1_600]);
        assert_eq!(looks(&Hedging::default(), 1_000, 3), [500, 1_000, 1_500]);
    }

    #[test]
    fn half_of_a_second_attempts_time_counts_from_its_own_beginning() {
        let hedging = with_delay(150);
        // A call of one second whose first attempt failed after 600 ms: the second has 400 ms, and half of that is 200.
        let within = Duration::from_secs(1) - Duration::from_millis(600);
        let mut waited = Duration::ZERO;
        let mut next = || {
            waited = hedging.next_look(waited, within);
            waited
        };
        assert_eq!([next(), next()].map(|look| look.as_millis()), [150, 200]);
        (0..200).for_each(|_| hedging.on_call(Time::ZERO));
        let try_after = |millis| hedging.try_hedge(Time::ZERO, Duration::from_millis(millis), within);
        while try_after(199) {}
        assert!(try_after(200), "it may use what is beyond the share");
    }
}
