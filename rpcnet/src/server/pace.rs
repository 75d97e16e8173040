//! Whether a method's handler runs where its request was read, or on a task of its own.
//!
//! A handler that is done at its first poll in a microsecond costs more to spawn than to run. One that computes
//! is done at its first poll too, but would hold up every call behind it and leave the other cores idle. What
//! tells them apart is how long their polls take, so that is measured.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// How long the polls of one method's handler take, remembered across calls.
#[derive(Debug)]
pub(crate) struct Pace {
    /// A high-water mark in nanoseconds: up at once, down slowly.
    poll_ns: AtomicU32,
}

impl Pace {
    /// Whether the handler's first poll may run on the lane's own task.
    pub(crate) fn is_quick(&self) -> bool {
        self.poll_ns.load(Ordering::Relaxed) <= QUICK_NS
    }

    /// Takes the time of one poll into account.
    pub(crate) fn record(&self, poll: Duration) {
        let sample = u32::try_from(poll.as_nanos()).unwrap_or(u32::MAX).min(SAMPLE_NS_MAX);
        // Not a compare-and-swap: when two threads race, losing one sample of many does no harm.
        let mark = self.poll_ns.load(Ordering::Relaxed);
        let next = if sample >= mark { sample } else { mark - (mark - sample).div_ceil(DECAY) };
        if next != mark {
            self.poll_ns.store(next, Ordering::Relaxed);
        }
    }
}

impl Default for Pace {
    /// A method that was never called counts as slow until it has shown otherwise: the first call of one that
    /// computes for a second must not stop a lane for a second.
    fn default() -> Self {
        Self { poll_ns: AtomicU32::new(2 * QUICK_NS) }
    }
}

/// Ten times what a spawn and the wakeup of another thread cost (benches/peers/README): below it, moving the
/// handler elsewhere costs more than it frees.
const QUICK_NS: u32 = 20_000;

/// One sample counts at most this much, so that a poll during which the operating system ran something else is
/// forgotten after about twenty calls.
const SAMPLE_NS_MAX: u32 = 16 * QUICK_NS;

/// Each quicker sample takes the mark down by this fraction of the way.
const DECAY: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn calls_until_quick(pace: &Pace, poll: Duration) -> usize {
        (0..1000)
            .position(|_| {
                pace.record(poll);
                pace.is_quick()
            })
            .expect("a quick handler is found out")
            + 1
    }

    #[test]
    fn an_unknown_handler_is_not_trusted_at_first() {
        let pace = Pace::default();
        assert!(!pace.is_quick());
        assert!(calls_until_quick(&pace, Duration::from_micros(1)) <= 8);
    }

    #[test]
    fn one_slow_poll_is_enough_to_move_a_handler_away() {
        let pace = Pace::default();
        calls_until_quick(&pace, Duration::from_micros(1));
        pace.record(Duration::from_micros(200));
        assert!(!pace.is_quick());
    }

    #[test]
    fn a_single_interruption_is_forgotten_soon() {
        let pace = Pace::default();
        pace.record(Duration::from_secs(3600));
        assert!((10..=30).contains(&calls_until_quick(&pace, Duration::from_micros(1))));
    }

    #[test]
    fn a_handler_that_computes_stays_away() {
        let pace = Pace::default();
        for _ in 0..1000 {
            pace.record(Duration::from_micros(200));
            assert!(!pace.is_quick());
        }
    }
}
