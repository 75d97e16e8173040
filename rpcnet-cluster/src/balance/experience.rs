//! What this process has experienced with one worker: atomics, shared by every list that the worker is in.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    breaker::Breaker,
    call::Outcome,
    latency::PeakEwma,
    load::{LoadReport, Reported},
    pool::{Pool, Usual},
};
use crate::membership::Time;

/// What this process has experienced with one worker.
///
/// Its fields change one by one, each by itself consistent; a pick that sees some of them a call later than the others is
/// no worse for it.
///
/// A pick reads two cache lines of it: one that every call changes, and one that hardly ever changes and so stays in the
/// caches of all cores. They are neighbours, since processors fetch lines in pairs.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Experience {
    pub(crate) latency: PeakEwma,
    /// Calls under way whose answer is waited for: see [`Experience::stalled_us`].
    awaited: AtomicU32,
    /// The other calls under way.
    lasting: AtomicU32,
    /// When it answered last, or the first call began whose answer is waited for.
    progress_us: AtomicU64,
    /// Calls that ended well and badly since the last look of the outlier detector.
    pub(crate) successes: AtomicU32,
    pub(crate) failures: AtomicU32,
    pub(crate) reported: Reported,
    pub(crate) pool: Arc<Pool>,
    pub(crate) breaker: Breaker,
    pub(crate) ejection: Ejection,
    /// Until when somebody's report that it fails is believed.
    blamed_until_us: AtomicU64,
    drains: AtomicBool,
    /// When it has been there for so long that it gets its whole share; zero if it was there from the beginning.
    pub(crate) warm_at: Time,
}

// Where the second line begins.
const _: () = assert!(mem::offset_of!(Experience, breaker) == 64, "what every call changes has grown beyond its line");
// Where it ends.
const _: () = assert!(mem::offset_of!(Experience, drains) < 128, "what a pick reads has grown beyond its line");

/// What the outlier detector decided.
#[derive(Debug, Default)]
pub(crate) struct Ejection {
    /// 0: not ejected.
    pub(crate) until_us: AtomicU64,
    pub(crate) times: AtomicU32,
}

/// How much a worker is wanted, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Nothing is known against it.
    Ready,
    /// Suspected, or says that it is not well.
    Doubtful,
    /// Its breaker is open, it was ejected, or somebody reported it.
    Out,
    /// It wants no new work.
    Draining,
}

impl Experience {
    /// `appeared` is `None` for a worker that was there from the beginning: it has no slow start.
    pub(crate) fn new(pool: Arc<Pool>, appeared: Option<Time>) -> Self {
        Self {
            latency: PeakEwma::default(),
            awaited: AtomicU32::new(0),
            lasting: AtomicU32::new(0),
            progress_us: AtomicU64::new(0),
            successes: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            reported: Reported::default(),
            pool,
            breaker: Breaker::default(),
            ejection: Ejection::default(),
            blamed_until_us: AtomicU64::new(0),
            drains: AtomicBool::new(false),
            warm_at: appeared.map_or(Time::ZERO, |appeared| appeared + SLOW_START),
        }
    }

    /// Calls under way, streams among them.
    pub(crate) fn in_flight(&self) -> u32 {
        self.awaited.load(Ordering::Relaxed) + self.lasting.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self) {
        self.lasting.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.lasting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn begin_awaited(&self, now: Time) {
        // Before the call is counted: else a reader could take the time without calls for a time without answers.
        if self.awaited.load(Ordering::Relaxed) == 0 {
            self.progress_us.store(now.as_micros(), Ordering::Relaxed);
        }
        self.awaited.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn end_awaited(&self) {
        self.awaited.fetch_sub(1, Ordering::Relaxed);
    }

    /// For how many microseconds it has owed an answer without giving any. While it answers at all this stays short,
    /// however long single calls take; when it swallows everything it grows from the first call on, long before that call
    /// times out.
    pub(crate) fn stalled_us(&self, now: Time) -> f32 {
        match self.awaited.load(Ordering::Acquire) {
            0 => 0.0,
            _ => now.as_micros().saturating_sub(self.progress_us.load(Ordering::Relaxed)) as f32,
        }
    }

    /// It has answered.
    pub(crate) fn on_answers(&self, now: Time) {
        // Of two answers at once the earlier may stay, by as much as lies between them.
        if self.progress_us.load(Ordering::Relaxed) < now.as_micros() {
            self.progress_us.store(now.as_micros(), Ordering::Relaxed);
        }
    }

    /// A call ended that began at `began`.
    pub(crate) fn on_outcome(&self, began: Time, now: Time, outcome: Outcome) {
        let micros = now.since(began).as_micros() as f32;
        match outcome {
            Outcome::Success => {
                self.on_success(began, now);
                self.latency.observe(now, micros);
                self.pool.median.observe(micros);
            }
            Outcome::Failure => self.on_failure(began, now, micros),
            Outcome::Overloaded => self.on_refusal(now, micros),
            Outcome::Cancelled => {
                // A worker that has answered nothing since the call began may be stuck; one that answers others is not.
                let silent = self.progress_us.load(Ordering::Relaxed) <= began.as_micros();
                let taken = if silent { micros * GIVEN_UP_COUNTS_AS } else { micros };
                self.latency.observe_at_least(now, taken, self.pool.usual().latency_us);
            }
        }
    }

    /// The same of a call that took as long as its caller had something to send: what it took says nothing of the worker.
    pub(crate) fn on_untimed_outcome(&self, began: Time, now: Time, outcome: Outcome) {
        match outcome {
            Outcome::Success => self.on_success(began, now),
            Outcome::Failure => self.on_failure(began, now, 0.0),
            Outcome::Overloaded => self.on_refusal(now, 0.0),
            Outcome::Cancelled => {}
        }
    }

    fn on_success(&self, began: Time, now: Time) {
        self.on_answers(now);
        self.successes.fetch_add(1, Ordering::Relaxed);
        if self.breaker.is_closed() {
            self.breaker.on_success();
        } else if self.breaker.is_news(began) {
            self.pool.on_recovery(now);
            if self.breaker.close(now, self.pool.amnesty()) {
                // What it took while it failed says nothing of what it takes now.
                self.latency.forget();
            }
        }
    }

    fn on_failure(&self, began: Time, now: Time, micros: f32) {
        // A worker that fails at once must not look like the fastest.
        let taken = (micros * GIVEN_UP_COUNTS_AS).max(FAILURE_COUNTS_AS * self.pool.median.get());
        self.latency.observe(now, taken);
        self.failures.fetch_add(1, Ordering::Relaxed);
        let jitter = self.pool.random.unit();
        self.breaker.on_failure(began, now, self.pool.amnesty(), jitter);
    }

    fn on_refusal(&self, now: Time, micros: f32) {
        self.on_answers(now);
        self.latency.observe(now, micros.max(REFUSAL_COUNTS_AS * self.pool.median.get()));
    }

    /// A connection that was lost was made anew: what calls met with meanwhile says little of what they will.
    pub(crate) fn on_reconnect(&self, now: Time) {
        self.latency.forget();
        self.breaker.on_reconnect(now);
    }

    /// It has said how many calls of others it has.
    pub(crate) fn on_load(&self, now: Time, others: u32) {
        self.reported.set_others(now, others, true);
        self.pool.on_report(others);
    }

    /// When it answered last: to a call that has its answer, the time at which that came, or later.
    pub(crate) fn answered_at(&self) -> Time {
        Time::from_micros(self.progress_us.load(Ordering::Relaxed))
    }

    pub(crate) fn report(&self, now: Time, report: &LoadReport) {
        self.on_load(now, self.others_of(report));
        self.reported.set_state(report);
        self.drains.store(report.draining, Ordering::Relaxed);
    }

    /// Takes a number of calls that has travelled for as long as calls take, or longer: gossip takes a second or more. Better
    /// than nothing, and worse than one that came at once: only the strategies for calls that last count by it. Whether the
    /// worker drains, it does not say.
    pub(crate) fn hear(&self, now: Time, report: &LoadReport) {
        if !self.reported.is_prompt(now) {
            self.reported.set_others(now, self.others_of(report), false);
        }
        self.reported.set_state(report);
    }

    /// Calls that are not of this process, of those that a worker reports.
    fn others_of(&self, report: &LoadReport) -> u32 {
        report.in_flight.saturating_sub(self.in_flight())
    }

    pub(crate) fn drains(&self) -> bool {
        self.drains.load(Ordering::Relaxed)
    }

    pub(crate) fn blame(&self, now: Time) {
        self.blamed_until_us.store((now + BLAMED_FOR).as_micros(), Ordering::Relaxed);
    }

    pub(crate) fn forgive(&self) {
        self.blamed_until_us.store(0, Ordering::Relaxed);
    }

    /// What is made of it, given what its source says.
    pub(crate) fn standing(&self, published: Standing, now: Time) -> Standing {
        match () {
            () if published == Standing::Draining || self.drains() => Standing::Draining,
            () if self.is_out(now) => Standing::Out,
            () => published,
        }
    }

    fn is_out(&self, now: Time) -> bool {
        now.as_micros() < self.ejection.until_us.load(Ordering::Relaxed)
            || now.as_micros() < self.blamed_until_us.load(Ordering::Relaxed)
            || !self.breaker.is_closed()
    }

    /// Calls under way there: of this process, and of others as far as the last report is still believed.
    pub(crate) fn load(&self, now: Time) -> f32 {
        self.in_flight() as f32 + self.reported.others(now)
    }

    /// What a call there would take, in microseconds: peak-EWMA, or how long it has owed an answer if that is longer, for
    /// each call that is expected to be there and the new one.
    pub(crate) fn cost(&self, now: Time, usual: &Usual) -> f32 {
        let latency = damp(self.latency.get(now, usual.latency_us), usual.latency_us);
        let others = self.reported.expected_others(now, usual);
        latency.max(self.stalled_us(now)).max(1.0) * (self.in_flight() as f32 + others + 1.0)
    }
}

/// The share of its weight that a worker gets that is warm from then on: it grows from a tenth to all of it.
pub(crate) fn warmth(warm_at: Time, now: Time) -> f32 {
    let left = warm_at.since(now).as_secs_f32() / SLOW_START.as_secs_f32();
    (1.0 - left).max(SLOW_START_SHARE_MIN)
}

/// Latencies near the typical one are taken for it. All have their peaks: among equal workers, differences of that size
/// are noise, and louder than what is known of their queues (BALANCING.md).
fn damp(micros: f32, typical: f32) -> f32 {
    typical.max(micros / DAMPED).min(micros * DAMPED)
}

/// Within this factor.
const DAMPED: f32 = 2.0;
/// A call that was given up would have taken longer; nobody knows how much.
const GIVEN_UP_COUNTS_AS: f32 = 4.0;
/// A failure is taken for a call that took at least so many medians.
const FAILURE_COUNTS_AS: f32 = 10.0;
/// A refusal for want of room says that calls wait there, no more.
const REFUSAL_COUNTS_AS: f32 = 2.0;

/// Long enough for the failure detector to say what was the matter.
const BLAMED_FOR: Duration = Duration::from_secs(5);

/// Envoy's form of slow start; half a minute is what caches and just-in-time compilers usually want.
const SLOW_START: Duration = Duration::from_secs(30);
const SLOW_START_SHARE_MIN: f32 = 0.1;
