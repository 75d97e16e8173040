//! How long to wait before the next attempt to connect. No clock, and randomness is given.

use std::time::Duration;

/// Exponential backoff with equal jitter.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    /// Attempts since the last connection that was worth the name.
    attempts: u32,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, attempts: 0 }
    }

    /// The pause before the next attempt: none before the first, then doubling. Half of it is sure, so that a server that
    /// is down is left in peace; the other half is drawn by `random`, from 0 to 1, so that its clients do not all
    /// come back at once.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let whole = self.whole();
        self.attempts = self.attempts.saturating_add(1);
        whole / 2 + (whole / 2).mul_f64(random)
    }

    /// A connection was lost that had lived for so long. One that lived longer than the pause before the next attempt
    /// starts over; a server that lets everyone in and throws them out at once does not.
    pub(super) fn lost_after(&mut self, lived: Duration) {
        if lived >= self.whole() {
            self.attempts = 0;
        }
    }

    fn whole(&self) -> Duration {
        match self.attempts.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => self.min.saturating_mul(1 << doublings.min(30)).min(self.max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_secs(10);

    #[test]
    fn pauses_double_from_the_least_to_the_most() {
        let mut backoff = Backoff::new(MIN, MAX);
        let pauses: Vec<_> = (0..10).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(pauses, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }

    #[test]
    fn half_of_a_pause_is_left_to_chance() {
        let mut backoff = Backoff::new(MIN, MAX);
        backoff.next(0.5);
        assert_eq!(backoff.next(0.0), MIN / 2);
        assert_eq!(backoff.next(0.5), MIN * 3 / 2);
    }

    #[test]
    fn a_connection_that_lived_starts_over_and_one_that_did_not_goes_on() {
        let mut backoff = Backoff::new(MIN, MAX);
        assert_eq!(backoff.next(1.0), Duration::ZERO);
        backoff.lost_after(MIN / 2);
        assert_eq!(backoff.next(1.0), MIN);
        backoff.lost_after(MIN * 2);
        assert_eq!(backoff.next(1.0), Duration::ZERO);
    }

    #[test]
    fn no_number_of_failures_overflows() {
        let mut backoff = Backoff::new(Duration::MAX, Duration::MAX);
        for _ in 0..100 {
            backoff.next(1.0);
        }
    }
}
