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
///
/// It is kept as a debt: a slow poll makes one as large as the poll was long, and each quick poll pays one unit back. A
/// method runs in place while it owes nothing. So however its slow polls are mixed with quick ones, they take at most
/// `QUICK` for each call on average from those behind them.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Quick polls that are still owed.
    debt: AtomicU32,
}

impl Pace {
    /// Whether the handler's first poll may run on the lane's own task.
    pub(crate) fn is_quick(&self) -> bool {
        self.debt.load(Ordering::Relaxed) == 0
    }

    /// Takes the time of one poll into account.
    pub(crate) fn record(&self, poll: Duration) {
        let debt = self.debt.load(Ordering::Relaxed);
        let next = if poll <= QUICK {
            debt.saturating_sub(1)
        } else {
            let more = u32::try_from(poll.as_nanos() / QUICK.as_nanos()).unwrap_or(DEBT_MAX);
            debt.saturating_add(more).min(DEBT_MAX)
        };
        // Not a compare-and-swap: when two threads race, losing one sample of many does no harm.
        if next != debt {
            self.debt.store(next, Ordering::Relaxed);
        }
    }
}

impl Default for Pace {
    /// A method that was never called has to show that it is quick: the first call of one that computes for a second
    /// must not stop a lane for a second.
    fn default() -> Self {
        Self { debt: AtomicU32::new(DEBT_OF_THE_UNKNOWN) }
    }
}

/// Some times what a spawn and the wakeup of another thread cost: below it, moving the handler elsewhere costs more
/// than it frees.
const QUICK: Duration = Duration::from_micros(20);

const DEBT_OF_THE_UNKNOWN: u32 = 8;

/// Twenty seconds of polling: beyond that, a method is slow for good.
const DEBT_MAX: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn calls_until_quick(pace: &Pace) -> u32 {
        let mut calls = 0;
        while !pace.is_quick() {
            pace.record(Duration::from_micros(1));
            calls += 1;
        }
        calls
    }

    #[test]
    fn an_unknown_handler_is_not_trusted_at_first() {
        assert_eq!(calls_until_quick(&Pace::default()), DEBT_OF_THE_UNKNOWN);
    }

    #[test]
    fn one_slow_poll_moves_a_handler_away_for_as_many_calls_as_it_took() {
        let pace = Pace::default();
        calls_until_quick(&pace);
        pace.record(Duration::from_micros(200));
        assert_eq!(calls_until_quick(&pace), 10);
        pace.record(Duration::from_secs(1));
        assert_eq!(calls_until_quick(&pace), 50_000);
        pace.record(Duration::from_secs(3600));
        assert_eq!(calls_until_quick(&pace), DEBT_MAX);
    }

    #[test]
    fn a_handler_that_computes_stays_away() {
        let pace = Pace::default();
        for _ in 0..1000 {
            pace.record(Duration::from_micros(200));
            assert!(!pace.is_quick());
        }
    }

    #[test]
    fn slow_polls_among_quick_ones_take_a_bounded_share_of_the_lane() {
        let pace = Pace::default();
        let mut in_place = Duration::ZERO;
        for call in 0..100_000 {
            let poll = Duration::from_micros(if call % 20 == 0 { 10_000 } else { 1 });
            if pace.is_quick() {
                in_place += poll;
            }
            pace.record(poll);
        }
        assert!(in_place <= 100_000 * QUICK, "{in_place:?}");
    }
}
