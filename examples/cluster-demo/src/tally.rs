//! What became of each call.

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rpcnet::{Executed, RpcError};
use tokio::time::sleep;

/// All calls of the load. Clones count together.
#[derive(Clone)]
pub(crate) struct Tally {
    since: Instant,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Default)]
struct Calls {
    ended: Vec<Call>,
    /// When each of those under way began, and its number.
    under_way: BTreeSet<(Duration, u64)>,
    begun: u64,
}

/// One call, as its caller saw it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// When it was due, since the start.
    pub(crate) began: Duration,
    pub(crate) took: Duration,
    pub(crate) idempotent: bool,
    /// Whether its handler may have run, if it failed.
    pub(crate) failed: Option<Executed>,
    /// Why.
    pub(crate) error: Option<RpcError>,
}

impl Tally {
    pub(crate) fn new(since: Instant) -> Self {
        Self { since, calls: Arc::default() }
    }

    /// How long it is since the start.
    pub(crate) fn now(&self) -> Duration {
        self.since.elapsed()
    }

    /// Counts a call that begins.
    pub(crate) fn begin(&self, began: Duration) -> u64 {
        let mut calls = self.calls();
        calls.begun += 1;
        let number = calls.begun;
        calls.under_way.insert((began, number));
        number
    }

    pub(crate) fn end(&self, number: u64, call: Call) {
        let mut calls = self.calls();
        calls.under_way.remove(&(call.began, number));
        calls.ended.push(call);
    }

    /// Waits until all calls that began before `end` have ended, and returns those that began within the range.
    pub(crate) async fn of(&self, range: Range<Duration>) -> Vec<Call> {
        while self.calls().under_way.first().is_some_and(|(began, _)| *began < range.end) {
            sleep(Duration::from_millis(5)).await;
        }
        self.ended(range.start, |call| range.contains(&call.began))
    }

    /// The calls that have ended within the last while.
    pub(crate) fn last(&self, window: Duration) -> Vec<Call> {
        self.ended(self.now().saturating_sub(window), |_| true)
    }

    /// Those that ended from `from` on. Calls are kept in about the order in which they ended.
    fn ended(&self, from: Duration, is_wanted: impl Fn(&Call) -> bool) -> Vec<Call> {
        let calls = self.calls();
        let recent = calls.ended.iter().rev().take_while(|call| call.ended() + DISORDER >= from);
        recent.filter(|call| call.ended() >= from && is_wanted(call)).cloned().collect()
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    pub(crate) fn ended(&self) -> Duration {
        self.began + self.took
    }
}

/// How long this share of the calls took at most.
pub(crate) fn quantile<'a>(calls: impl IntoIterator<Item = &'a Call>, share: f64) -> Duration {
    let mut took: Vec<_> = calls.into_iter().map(|call| call.took).collect();
    took.sort_unstable();
    let rank = (took.len() as f64 * share).ceil() as usize;
    took.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// How much later a call may be counted than one that ended after it.
const DISORDER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn call(began_ms: u64, took_ms: u64) -> Call {
        let (began, took) = (Duration::from_millis(began_ms), Duration::from_millis(took_ms));
        Call { began, took, idempotent: true, failed: None, error: None }
    }

    #[test]
    fn a_quantile_is_what_this_share_of_the_calls_did_not_exceed() {
        let calls: Vec<_> = (1..=100).rev().map(|took| call(0, took)).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|share| quantile(&calls, share).as_millis()), [50, 99, 100]);
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_range_has_the_calls_that_began_in_it_also_those_that_are_still_under_way() {
        let tally = Tally::new(Instant::now());
        for (began, took) in [(0, 5), (10, 500), (19, 1), (20, 1)] {
            let call = call(began, took);
            tally.end(tally.begin(call.began), call);
        }
        let late = call(15, 2_000);
        let number = tally.begin(late.began);
        let ends = async {
            sleep(Duration::from_secs(1)).await;
            tally.end(number, late);
        };
        let range = Duration::from_millis(10)..Duration::from_millis(20);
        let (calls, ()) = tokio::join!(tally.of(range), ends);
        assert_eq!(calls.iter().map(|call| call.began.as_millis()).collect::<Vec<_>>(), [15, 19, 10]);
    }
}
