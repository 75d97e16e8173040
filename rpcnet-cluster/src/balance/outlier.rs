//! Ejection of workers that do much worse than the others.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{experience::Experience, worker::Worker};
use crate::membership::Time;

/// Ejects workers that fail much more often than the others, for a while: gRPC's proposal A50, as in Envoy.
///
/// A breaker sees a worker that fails more than every fifth call; this sees one that merely fails more than the others. Every
/// 10 s those are ejected whose rate of success is 1.9 standard deviations below the mean of at least 5 workers with 100 calls
/// each, and those that fail 85% of at least 50 calls; and in both cases only those that fail twice as often as the one in the middle, so that nobody is
/// ejected for what befalls them all. At most a tenth of the workers is out at a time, and at least one may be. The
/// first time it is for 30 s, then for 30 s longer each time, up to 300 s; each 10 s without ejection take 30 s off again.
#[derive(Debug, Default)]
pub struct OutlierDetector {
    next_us: AtomicU64,
}

/// What was seen of one worker since the last look.
struct Seen<'a> {
    worker: &'a Worker,
    calls: u32,
    rate: f64,
}

impl OutlierDetector {
    /// Looks at all workers of a source if it is time, and returns those that it ejects. Call it every second or so: between
    /// looks it costs one load.
    pub fn sweep(&self, now: Time, workers: &[Worker]) -> Vec<Worker> {
        let next = self.next_us.load(Ordering::Relaxed);
        let (due, after) = (now.as_micros() >= next, (now + INTERVAL).as_micros());
        if !due || self.next_us.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return Vec::new();
        }
        // What came before the first look came over an unknown time; it counts all the same.
        let seen: Vec<_> = workers.iter().map(Seen::take).collect();
        let out = workers.iter().filter(|worker| !is_free(worker.experience(), now)).count();
        let room = (workers.len() / EJECTED_SHARE).max(1).saturating_sub(out);
        let ejected = outliers(&seen, now).take(room).inspect(|worker| eject(worker.experience(), now));
        let ejected: Vec<_> = ejected.cloned().collect();
        workers
            .iter()
            .filter(|worker| is_free(worker.experience(), now))
            .for_each(|worker| relent(worker.experience()));
        ejected
    }
}

impl<'a> Seen<'a> {
    fn take(worker: &'a Worker) -> Self {
        let experience = worker.experience();
        let successes = experience.successes.swap(0, Ordering::Relaxed);
        let failures = experience.failures.swap(0, Ordering::Relaxed);
        let calls = successes.saturating_add(failures);
        Self { worker, calls, rate: f64::from(successes) / f64::from(calls.max(1)) }
    }

    /// The share of its calls that failed.
    fn failing(&self) -> f64 {
        1.0 - self.rate
    }
}

/// Those that do much worse than the others, the worst first.
fn outliers<'a>(seen: &[Seen<'a>], now: Time) -> impl Iterator<Item = &'a Worker> {
    let rate_min = rate_min(seen);
    let usual = usual_failures(seen);
    let is_outlier = |seen: &&Seen<'_>| {
        let below = seen.calls >= RATE_CALLS_MIN && rate_min.is_some_and(|least| seen.rate < least);
        let fails = seen.calls >= FAILURE_CALLS_MIN && seen.failing() >= FAILURE_SHARE;
        let alone = usual.is_some_and(|usual| seen.failing() >= ALONE * usual);
        (below || fails) && alone && is_free(seen.worker.experience(), now)
    };
    let mut outliers: Vec<_> = seen.iter().filter(is_outlier).map(|seen| (seen.rate, seen.worker)).collect();
    outliers.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    outliers.into_iter().map(|(_, worker)| worker)
}

/// The rate of success below which a worker is an outlier; `None` if there are too few to compare.
fn rate_min(seen: &[Seen<'_>]) -> Option<f64> {
    let rates = || seen.iter().filter(|seen| seen.calls >= RATE_CALLS_MIN).map(|seen| seen.rate);
    let count = rates().count();
    if count < HOSTS_MIN {
        return None;
    }
    let mean = rates().sum::<f64>() / count as f64;
    let variance = rates().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count as f64;
    Some(mean - DEVIATIONS * variance.sqrt())
}

/// The share of calls that fail at the worker in the middle; `None` if there are too few to compare.
fn usual_failures(seen: &[Seen<'_>]) -> Option<f64> {
    let counted = seen.iter().filter(|seen| seen.calls >= FAILURE_CALLS_MIN);
    let mut failing: Vec<_> = counted.map(Seen::failing).collect();
    failing.sort_by(f64::total_cmp);
    (failing.len() >= HOSTS_MIN).then(|| failing[failing.len() / 2])
}

fn is_free(experience: &Experience, now: Time) -> bool {
    now.as_micros() >= experience.ejection.until_us.load(Ordering::Relaxed)
}

fn eject(experience: &Experience, now: Time) {
    let times = experience.ejection.times.fetch_add(1, Ordering::Relaxed).saturating_add(1);
    let long = EJECTED_MIN.saturating_mul(times).min(EJECTED_MAX);
    experience.ejection.until_us.store((now + long).as_micros(), Ordering::Relaxed);
}

fn relent(experience: &Experience) {
    let times = experience.ejection.times.load(Ordering::Relaxed);
    experience.ejection.times.store(times.saturating_sub(1), Ordering::Relaxed);
}

const INTERVAL: Duration = Duration::from_secs(10);
const EJECTED_MIN: Duration = Duration::from_secs(30);
const EJECTED_MAX: Duration = Duration::from_secs(300);
/// One of so many.
const EJECTED_SHARE: usize = 10;
const HOSTS_MIN: usize = 5;
const RATE_CALLS_MIN: u32 = 100;
const DEVIATIONS: f64 = 1.9;
const FAILURE_CALLS_MIN: u32 = 50;
const FAILURE_SHARE: f64 = 0.85;
/// So many times as often as the one in the middle. While more than half of all calls fail, nobody does.
const ALONE: f64 = 2.0;
