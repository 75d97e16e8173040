//! The circuit breaker of one worker: after failures in a row it is left alone for a while, then one call tries it.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use crate::membership::Time;

/// Closed, open until a time, or half open: then a single call may try, and if it succeeds the breaker is closed.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// Failures since the last success.
    failures: AtomicU32,
    /// How often it was opened since it was closed last.
    opened: AtomicU32,
    /// Until when it is open, in microseconds; 0 for closed.
    until_us: AtomicU64,
    /// When it was opened last.
    opened_us: AtomicU64,
    /// Until when somebody's try is waited for.
    probe_until_us: AtomicU64,
}

/// What a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Closed,
    Open,
    /// It has been open for long enough: who wins [`Breaker::claim_probe`] may try.
    Due,
}

impl Breaker {
    /// `amnesty` is the last time at which the whole pool came back: what was opened before is due.
    pub(crate) fn passage(&self, now: Time, amnesty: Time) -> Passage {
        let until = self.until_us.load(Ordering::Relaxed);
        if until == 0 {
            return Passage::Closed;
        }
        let pardoned = self.opened_us.load(Ordering::Relaxed) < amnesty.as_micros();
        let waiting = now.as_micros() < self.probe_until_us.load(Ordering::Relaxed);
        if waiting || (now.as_micros() < until && !pardoned) { Passage::Open } else { Passage::Due }
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

    /// Returns whether this closed it.
    pub(crate) fn on_success(&self) -> bool {
        // The usual case writes nothing.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if self.is_closed() {
            return false;
        }
        self.opened.store(0, Ordering::Relaxed);
        self.probe_until_us.store(0, Ordering::Relaxed);
        self.until_us.swap(0, Ordering::Relaxed) != 0
    }

    /// A call failed that began at `began`; `jitter` is a number between zero and one.
    pub(crate) fn on_failure(&self, began: Time, now: Time, amnesty: Time, jitter: f64) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let opened_at = Time::from_micros(self.opened_us.load(Ordering::Relaxed));
        // What was under way before it was opened says nothing new.
        if failures < FAILURES_IN_A_ROW || (!self.is_closed() && began < opened_at) {
            return;
        }
        let pardoned = opened_at < amnesty;
        let times = if pardoned { 0 } else { self.opened.load(Ordering::Relaxed) };
        // Only a try that was due makes it longer: while a whole pool is out, every call fails, and says little about each.
        if !self.is_closed() && self.passage_without_probe(now, pardoned) == Passage::Open {
            return;
        }
        let dead = DEAD_MIN.saturating_mul(1 << times.min(10)).min(DEAD_MAX);
        self.opened.store(times + 1, Ordering::Relaxed);
        self.opened_us.store(now.as_micros().max(1), Ordering::Relaxed);
        self.until_us.store((now + dead.mul_f64(1.0 - jitter / 4.0)).as_micros().max(1), Ordering::Relaxed);
        self.probe_until_us.store(0, Ordering::Relaxed);
    }

    fn passage_without_probe(&self, now: Time, pardoned: bool) -> Passage {
        let open = now.as_micros() < self.until_us.load(Ordering::Relaxed) && !pardoned;
        if open { Passage::Open } else { Passage::Due }
    }
}

/// Finagle's and Linkerd's default.
const FAILURES_IN_A_ROW: u32 = 5;
const DEAD_MIN: Duration = Duration::from_secs(5);
const DEAD_MAX: Duration = Duration::from_secs(300);

/// A try that nobody ended, because its caller left, keeps others away for this long.
const PROBE_WAITED_FOR: Duration = Duration::from_secs(5);
