//! The circuit breaker of one worker: after many failures it is left alone for a while, then one call at a time tries it.

use std::{
    sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use crate::membership::Time;

/// Closed, open until a time, or half open: then a single call may try, and if it succeeds the breaker is closed.
///
/// It opens after five failures in a row, or after some more where more than about a fifth of the calls fail, which are Finagle's
/// defaults. The second is told by a sum to which failures add and from which successes take, never below zero ("CUSUM",
/// Page 1954): it needs no window, and a worker that never fails never writes it. Where a tenth of the calls fails at random,
/// five in a row come once in a hundred thousand calls, and the sum gets there less often than that.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// Rises by [`FAILURE_ADDS`] and falls by one, up to [`DISTRUST_MAX`].
    distrust: AtomicU32,
    /// Failures since the last success. Small, as the next one: what a pick reads is to fit into a cache line.
    in_a_row: AtomicU16,
    /// How often it was opened since there was no distrust.
    opened: AtomicU16,
    /// Until when it is open, in microseconds; 0 for closed.
    until_us: AtomicU64,
    /// When it was opened or closed last, or its worker reached anew.
    changed_us: AtomicU64,
    /// Until when somebody's try is waited for.
    probe_until_us: AtomicU64,
}

/// What a breaker lets through, the more the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Passage {
    Closed,
    Open,
    /// It has been open for long enough: who wins [`Breaker::claim_probe`] may try, if the call can be made elsewhere after it.
    Due,
    /// Nobody has tried for a while: any call may.
    Overdue,
}

impl Breaker {
    /// `amnesty` is the last time at which the whole pool came back: what was opened before is due.
    pub(crate) fn passage(&self, now: Time, amnesty: Time) -> Passage {
        let until = self.until_us.load(Ordering::Relaxed);
        if until == 0 {
            return Passage::Closed;
        }
        let over = if self.changed_at() < amnesty { until.min(amnesty.as_micros()) } else { until };
        let due = Time::from_micros(over.max(self.probe_until_us.load(Ordering::Relaxed)));
        match () {
            () if now < due => Passage::Open,
            () if now < due + LEFT_TO_OTHERS => Passage::Due,
            () => Passage::Overdue,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.until_us.load(Ordering::Relaxed) == 0
    }

    /// Whether the caller is the one that may try.
    pub(crate) fn claim_probe(&self, now: Time) -> bool {
        let waiting = self.probe_until_us.load(Ordering::Relaxed);
        let until = (now + PROBE_WAITED_FOR).as_micros();
        now.as_micros() >= waiting
            && self.probe_until_us.compare_exchange(waiting, until, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether a call that began at this time tells anything: not if it was under way before the breaker was opened or closed,
    /// or before its worker was reached anew.
    pub(crate) fn is_news(&self, began: Time) -> bool {
        began >= self.changed_at()
    }

    /// The worker was reached anew. What opened it may be over: the next call may try. What calls meet with that began before
    /// says nothing of it, also of one that is closed.
    pub(crate) fn on_reconnect(&self, now: Time) {
        self.changed_us.store(now.as_micros(), Ordering::Relaxed);
        self.until_us.fetch_min(now.as_micros().max(1), Ordering::Relaxed);
        // Who tries already does so over what was lost.
        self.probe_until_us.store(0, Ordering::Relaxed);
    }

    /// A call succeeded while it was closed.
    pub(crate) fn on_success(&self) {
        // The usual case writes nothing: where there is a failure in a row, there is distrust.
        if self.distrust.load(Ordering::Relaxed) == 0 {
            return;
        }
        self.in_a_row.store(0, Ordering::Relaxed);
        let less = self.distrust.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |distrust| distrust.checked_sub(1));
        if less == Ok(1) {
            self.opened.store(0, Ordering::Relaxed);
        }
    }

    /// A call succeeded while it was open. Returns whether this closed it.
    pub(crate) fn close(&self, now: Time, amnesty: Time) -> bool {
        let until = self.until_us.swap(0, Ordering::Relaxed);
        if until == 0 {
            return false;
        }
        if self.changed_at() < amnesty {
            self.opened.store(0, Ordering::Relaxed);
        }
        self.in_a_row.store(0, Ordering::Relaxed);
        self.distrust.store(PROBATION, Ordering::Relaxed);
        self.changed_us.store(now.as_micros(), Ordering::Relaxed);
        self.probe_until_us.store(0, Ordering::Relaxed);
        true
    }

    /// A call failed that began at `began`; `jitter` is a number between zero and one.
    pub(crate) fn on_failure(&self, began: Time, now: Time, amnesty: Time, jitter: f64) {
        if !self.is_news(began) || !self.exhausts_patience() {
            return;
        }
        let pardoned = self.changed_at() < amnesty;
        let times = if pardoned { 0 } else { self.opened.load(Ordering::Relaxed) };
        let before = self.until_us.load(Ordering::Relaxed);
        // Only a try that was due makes it longer: while a whole pool is out, every call fails, and says little about each.
        if now.as_micros() < before && !pardoned {
            return;
        }
        let dead = DEAD_MIN.saturating_mul(1_u32 << times.min(10)).min(DEAD_MAX);
        let until = (now + dead.mul_f64(1.0 - jitter / 4.0)).as_micros().max(1);
        // Of several failures at once, one opens it.
        if self.until_us.compare_exchange(before, until, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.opened.store(times.saturating_add(1), Ordering::Relaxed);
            self.changed_us.store(now.as_micros().max(1), Ordering::Relaxed);
            self.probe_until_us.store(0, Ordering::Relaxed);
        }
    }

    /// Counts a failure, and says whether there were too many.
    fn exhausts_patience(&self) -> bool {
        let in_a_row = self.in_a_row.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let more = |distrust: u32| Some(distrust.saturating_add(FAILURE_ADDS).min(DISTRUST_MAX));
        let distrust = self.distrust.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).unwrap_or(DISTRUST_MAX);
        in_a_row >= FAILURES_IN_A_ROW || distrust + FAILURE_ADDS >= DISTRUST_MAX
    }

    fn changed_at(&self) -> Time {
        Time::from_micros(self.changed_us.load(Ordering::Relaxed))
    }
}

/// A failure weighs as much as four successes: Finagle's default wants four fifths of the calls to succeed.
const FAILURE_ADDS: u32 = 4;
/// So many more failures than successes make up for.
const DISTRUST_MAX: u32 = 10 * FAILURE_ADDS;
/// Finagle's and Linkerd's default.
const FAILURES_IN_A_ROW: u16 = 5;
/// After a try that succeeded: two failures soon after it open it again, for twice as long as the last time.
const PROBATION: u32 = DISTRUST_MAX - 2 * FAILURE_ADDS;
const DEAD_MIN: Duration = Duration::from_secs(5);
const DEAD_MAX: Duration = Duration::from_secs(300);

/// For so long a try is left to calls that can be made elsewhere if it fails. A caller may have no others.
const LEFT_TO_OTHERS: Duration = Duration::from_secs(1);

/// A try that nobody ended, because its caller left, keeps others away for this long.
const PROBE_WAITED_FOR: Duration = Duration::from_secs(5);
