//! What a worker says about its load, and how long that is believed.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use super::pool::Usual;
use crate::membership::Time;

/// What a worker says about its load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// Calls that it has under way for all its callers.
    pub in_flight: u32,
    /// How long a call waits there before its handler starts.
    pub queue_delay: Duration,
    /// How much it can take, in units of its own, if that is not what its tag `capacity` says.
    pub capacity: Option<u32>,
    /// It finishes what it does and wants no new work.
    pub draining: bool,
}

impl LoadReport {
    /// A worker with so many calls under way.
    pub fn new(in_flight: u32) -> Self {
        Self { in_flight, ..Self::default() }
    }
}

/// What one worker has told last. Its parts are stored one after the other: a reader may see some of the old and some
/// of the new, which is no worse than what is a little older.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    /// Calls of others.
    others: AtomicU32,
    queue_delay_us: AtomicU32,
    /// 0: as tagged.
    capacity: AtomicU32,
    /// The calls of others were fresh when they were told.
    prompt: AtomicBool,
    /// When that was; 0: never.
    at_us: AtomicU64,
}

impl Reported {
    /// Takes how many calls of others it has.
    pub(crate) fn set_others(&self, now: Time, others: u32, prompt: bool) {
        self.others.store(others, Ordering::Relaxed);
        self.prompt.store(prompt, Ordering::Relaxed);
        self.at_us.store(now.as_micros().max(1), Ordering::Relaxed);
    }

    /// Takes what does not change with every call.
    pub(crate) fn set_state(&self, report: &LoadReport) {
        let delay = u32::try_from(report.queue_delay.as_micros()).unwrap_or(u32::MAX);
        self.queue_delay_us.store(delay, Ordering::Relaxed);
        self.capacity.store(report.capacity.unwrap_or(0), Ordering::Relaxed);
    }

    /// Calls that others had there when it was told.
    pub(crate) fn last_others(&self) -> u32 {
        self.others.load(Ordering::Relaxed)
    }

    /// Calls that others have there, as far as the last report is still believed.
    pub(crate) fn others(&self, now: Time) -> f32 {
        match self.others.load(Ordering::Relaxed) {
            // The usual case of a single caller asks for no age.
            0 => 0.0,
            others => others as f32 * self.belief(now),
        }
    }

    /// How long a call waits there, by the last report.
    pub(crate) fn queue_delay(&self) -> Duration {
        Duration::from_micros(self.queue_delay_us.load(Ordering::Relaxed).into())
    }

    pub(crate) fn capacity(&self) -> Option<u32> {
        Some(self.capacity.load(Ordering::Relaxed)).filter(|&capacity| capacity > 0)
    }

    /// Whether there is a report that is neither new nor forgotten: many callers that act upon the same one do the same.
    pub(crate) fn is_stale(&self, now: Time) -> bool {
        let age = self.age(now);
        self.others.load(Ordering::Relaxed) > 0 && (FRESH..FORGOTTEN).contains(&age)
    }

    /// Calls that others have there: as reported at first, and more and more what silence says. After as long as
    /// a call takes at times, a queue has little to do with what it was. So little that what was old when it came sends all
    /// callers to where nobody was a second ago (BALANCING.md).
    pub(crate) fn expected_others(&self, now: Time, usual: &Usual) -> f32 {
        let silent = usual.others_if_silent;
        let at = self.at_us.load(Ordering::Relaxed);
        if at == 0 || !self.prompt.load(Ordering::Relaxed) {
            return silent;
        }
        let age_us = now.as_micros().saturating_sub(at) as f32;
        let reported = self.others.load(Ordering::Relaxed) as f32;
        silent + (reported - silent) * decay(age_us * usual.fading)
    }

    /// Whether calls of others were fresh when they were told, and are not forgotten yet.
    pub(crate) fn is_prompt(&self, now: Time) -> bool {
        self.prompt.load(Ordering::Relaxed) && self.age(now) < FORGOTTEN
    }

    fn belief(&self, now: Time) -> f32 {
        decay(self.age(now).as_secs_f32() / BELIEVED.as_secs_f32())
    }

    fn age(&self, now: Time) -> Duration {
        now.since(Time::from_micros(self.at_us.load(Ordering::Relaxed)))
    }
}

/// e^-x within a thousandth, for a few instructions: it is on the path of every pick.
pub(crate) fn decay(x: f32) -> f32 {
    // e^-x = (e^(-x/4))^4, the inner one by its series' inverse.
    let x = x * 0.25;
    let inner = 1.0 / (1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0)))));
    let squared = inner * inner;
    squared * squared
}

/// After this long, e^-1 of a report is believed.
pub(crate) const BELIEVED: Duration = Duration::from_secs(1);
const FRESH: Duration = Duration::from_millis(200);
const FORGOTTEN: Duration = Duration::from_secs(3);
