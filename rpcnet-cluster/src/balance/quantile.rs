//! How long calls take: a histogram of fixed size that forgets.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use crate::membership::Time;

/// Durations from 1 us to 268 s in buckets an eighth of an octave wide, so an answer is at most an eighth too high. It knows
/// the last 30 to 60 s: of two generations the older one is dropped when the younger is 30 s old.
///
/// 1.7 kB and no lock. Threads that add while a generation is dropped may lose some samples.
#[derive(Debug)]
pub(crate) struct LatencyHistogram {
    generations: [[AtomicU32; BUCKETS]; 2],
    counts: [AtomicU32; 2],
    current: AtomicUsize,
    turned_us: AtomicU64,
}

impl LatencyHistogram {
    pub(crate) fn new() -> Self {
        Self {
            generations: [const { [const { AtomicU32::new(0) }; BUCKETS] }; 2],
            counts: [const { AtomicU32::new(0) }; 2],
            current: AtomicUsize::new(0),
            turned_us: AtomicU64::new(0),
        }
    }

    /// Returns how many samples it knows now.
    pub(crate) fn add(&self, now: Time, latency: Duration) -> u32 {
        self.turn(now);
        let current = self.current.load(Ordering::Relaxed) & 1;
        self.generations[current][bucket(latency)].fetch_add(1, Ordering::Relaxed);
        self.counts[current].fetch_add(1, Ordering::Relaxed);
        self.count()
    }

    pub(crate) fn count(&self) -> u32 {
        let [one, other] = &self.counts;
        one.load(Ordering::Relaxed).saturating_add(other.load(Ordering::Relaxed))
    }

    /// What this share of the samples does not exceed; `None` without samples.
    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        let [one, other] = &self.generations;
        let counts = || {
            let both = one.iter().zip(other);
            both.map(|(one, other)| u64::from(one.load(Ordering::Relaxed)) + u64::from(other.load(Ordering::Relaxed)))
        };
        let wanted = (counts().sum::<u64>() as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        let reaches = |count| {
            seen += count;
            seen >= wanted
        };
        counts().position(reaches).map(upper_end)
    }

    /// Drops the older generation if it is time.
    fn turn(&self, now: Time) {
        let turned = self.turned_us.load(Ordering::Relaxed);
        if now.since(Time::from_micros(turned)) < GENERATION {
            return;
        }
        let (from, to) = (turned, now.as_micros());
        if self.turned_us.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let older = (self.current.load(Ordering::Relaxed) + 1) & 1;
            self.generations[older].iter().for_each(|bucket| bucket.store(0, Ordering::Relaxed));
            self.counts[older].store(0, Ordering::Relaxed);
            self.current.store(older, Ordering::Relaxed);
        }
    }
}

/// Eight buckets for each power of two; below 8 us one for each microsecond.
fn bucket(latency: Duration) -> usize {
    let micros = latency.as_micros().min(u128::from(u32::MAX)) as u32;
    let power = 31 - (micros | 8).leading_zeros();
    let bucket = (((power - 3) << 3) + (micros >> (power - 3))) as usize;
    bucket.min(BUCKETS - 1)
}

fn upper_end(bucket: usize) -> Duration {
    let (power, eighth) = ((bucket >> 3).saturating_sub(1), bucket & 7);
    let lower = if bucket < 8 { bucket as u64 } else { (8 + eighth as u64) << power };
    Duration::from_micros(lower + (1 << power))
}

const BUCKETS: usize = 26 * 8;
const GENERATION: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_is_below_its_upper_end_and_above_that_of_the_one_before() {
        for micros in (0..4_000).chain([70_000, 1_000_000, 65_000_000, 200_000_000]) {
            let latency = Duration::from_micros(micros);
            let end = upper_end(bucket(latency));
            assert!(latency < end && end <= latency.mul_f64(1.126) + Duration::from_micros(1), "{latency:?} {end:?}");
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_last_minute() {
        let histogram = LatencyHistogram::new();
        assert_eq!(histogram.quantile(0.95), None);
        let at = |seconds: u64| Time::from_micros(seconds * 1_000_000);
        (1..=1_000).for_each(|millis| {
            histogram.add(at(1), Duration::from_millis(millis));
        });
        let p95 = histogram.quantile(0.95).expect("samples").as_secs_f64();
        assert!((0.95..1.07).contains(&p95), "{p95}");
        histogram.add(at(40), Duration::from_millis(1));
        assert_eq!(histogram.count(), 1_001);
        histogram.add(at(80), Duration::from_millis(1));
        assert_eq!(histogram.count(), 2);
    }
}
