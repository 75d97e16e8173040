//! Calls that are given up before they are sent, since most would be refused.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{call::Outcome, random::SharedRandom, window::Window};
use crate::membership::Time;

/// Gives up calls before they are sent while workers refuse most of them ("adaptive throttling", Site Reliability Engineering,
/// chapter 21): refusing costs them something as well.
///
/// With `calls` and `accepted` of the last two minutes, a call is given up with probability
/// `(calls - 2 * accepted) / (calls + 1)`, so nothing is until every second call is refused; at most nine of
/// ten, so that it is soon noticed when there is room again. Only [`Outcome::Overloaded`] counts as refused:
/// workers that cannot be reached are for breakers, and have no queue that needs relief.
#[derive(Debug)]
pub struct Shedding {
    accepted: Window<SLOTS, SLOT_US>,
    refused: Window<SLOTS, SLOT_US>,
    /// When a call was refused last, in microseconds; 0 for never. Most callers never look further.
    refused_us: AtomicU64,
    random: SharedRandom,
}

impl Shedding {
    /// Gives up by lot, by `seed`.
    pub fn new(seed: u64) -> Self {
        let random = SharedRandom::new(seed);
        Self { accepted: Window::new(), refused: Window::new(), refused_us: AtomicU64::new(0), random }
    }

    /// Whether a call may be sent. One that is given up counts as refused.
    pub fn admit(&self, now: Time) -> bool {
        let refused_us = self.refused_us.load(Ordering::Relaxed);
        if refused_us == 0 || now.as_micros().saturating_sub(refused_us) > SLOTS as u64 * SLOT_US {
            return true;
        }
        let (refused, accepted) = (self.refused.sum(now), self.accepted.sum(now));
        let calls = refused + accepted;
        let excess = calls.saturating_sub(ACCEPTED_FACTOR * accepted);
        if excess == 0 {
            return true;
        }
        let shed = (excess as f64 / (calls + 1) as f64).min(SHED_MAX);
        let admitted = self.random.unit() >= shed;
        if !admitted {
            self.refuse(now);
        }
        admitted
    }

    /// How a call that was sent has ended.
    pub fn on_outcome(&self, now: Time, outcome: Outcome) {
        match outcome {
            Outcome::Success => self.accepted.add(now),
            Outcome::Overloaded => self.refuse(now),
            Outcome::Failure | Outcome::Cancelled => {}
        }
    }

    fn refuse(&self, now: Time) {
        self.refused.add(now);
        self.refused_us.fetch_max(now.as_micros().max(1), Ordering::Relaxed);
    }
}

const ACCEPTED_FACTOR: u64 = 2;
const SHED_MAX: f64 = 0.9;
/// Two minutes.
const SLOTS: usize = 24;
const SLOT_US: u64 = 5_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// The share that is sent of 1,000 calls a second for a minute, while the workers accept this share of what is sent.
    fn sent(shedding: &Shedding, from: u64, accepted: f64) -> f64 {
        let (mut sent, mut taken) = (0u32, 0.0);
        for call in 0..60_000 {
            let now = Time::from_micros(from * 1_000_000 + call * 1_000);
            if shedding.admit(now) {
                sent += 1;
                let takes = taken + accepted >= 1.0;
                taken = (taken + accepted).fract();
                shedding.on_outcome(now, if takes { Outcome::Success } else { Outcome::Overloaded });
            }
        }
        f64::from(sent) / 60_000.0
    }

    #[test]
    fn nothing_is_given_up_until_every_second_call_is_refused_and_then_up_to_nine_of_ten() {
        let shedding = Shedding::new(1);
        assert_eq!(sent(&shedding, 0, 1.0), 1.0);
        // The very first call may be one that is refused.
        assert!(sent(&Shedding::new(1), 0, 0.6) > 0.999);
        let all = sent(&Shedding::new(1), 0, 0.0);
        assert!((0.09..0.11).contains(&all), "{all}");
    }

    #[test]
    fn calls_are_sent_again_once_they_are_accepted_again() {
        let shedding = Shedding::new(1);
        sent(&shedding, 0, 0.0);
        let later: Vec<_> = (1..7).map(|minute| sent(&shedding, 60 * minute, 1.0)).collect();
        assert!(later.is_sorted() && later[5] > 0.99, "{later:?}");
    }

    #[test]
    fn workers_that_cannot_be_reached_make_nobody_give_up() {
        let shedding = Shedding::new(1);
        (0..1_000).for_each(|_| shedding.on_outcome(Time::ZERO, Outcome::Failure));
        assert!((0..1_000).all(|_| shedding.admit(Time::ZERO)));
    }
}
