//! How suspicious a silence is (phi accrual, Hayashibara et al. 2004).

use std::{collections::VecDeque, time::Duration};

use super::time::Time;

/// The answers of one monitored node: when they came, and how evenly.
///
/// phi is minus the decimal logarithm of the probability that a node, answering as evenly as it has, would still be silent
/// after this long: at phi 8, one in 10^8. Only answers that echo a nonce of ours count: a node that can send but not
/// receive must not look healthy. And only intervals without a stall of our own count.
#[derive(Clone, Debug)]
pub(crate) struct Heartbeats {
    /// Seconds between answers, oldest first.
    intervals: VecDeque<f32>,
    window: usize,
    /// The last answer to a probe on schedule, unless the time since says nothing.
    scheduled: Option<Time>,
    /// The last answer at all.
    last: Time,
    deviation_min: f64,
    known: bool,
}

impl Heartbeats {
    /// Before the first answer, as if two had come, a quarter early and a quarter late: `interval` is a guess.
    pub(crate) fn new(now: Time, interval: Duration, window: usize, deviation_min: Duration) -> Self {
        let guess = interval.as_secs_f32();
        let intervals = VecDeque::from([guess * 0.75, guess * 1.25]);
        Self { intervals, window, scheduled: None, last: now, deviation_min: deviation_min.as_secs_f64(), known: false }
    }

    /// The answer to a probe on schedule came. The first one ends no interval.
    pub(crate) fn record(&mut self, now: Time) {
        if let Some(before) = self.scheduled.replace(now) {
            if self.intervals.len() >= self.window {
                self.intervals.pop_front();
            }
            self.intervals.push_back(now.since(before).as_secs_f32());
        }
        self.known = true;
        self.last = now;
    }

    /// The answer to a probe out of turn came: it ends the silence, but its interval is no sample.
    pub(crate) fn touch(&mut self, now: Time) {
        self.last = now;
    }

    /// The time since the last answer says nothing about the node: it was away and came back, or this node stood still.
    pub(crate) fn restart(&mut self, now: Time) {
        self.scheduled = None;
        self.last = now;
    }

    /// When the last answer came.
    #[cfg(test)]
    pub(crate) fn last(&self) -> Time {
        self.last
    }

    /// Whether there was any answer on schedule: without one, the silence is measured against a guess.
    pub(crate) fn is_known(&self) -> bool {
        self.known
    }

    /// The remembered intervals, oldest first.
    pub(crate) fn intervals(&self) -> impl Iterator<Item = Duration> {
        self.intervals.iter().map(|seconds| Duration::from_secs_f32(*seconds))
    }

    /// How suspicious the silence is now. It grows without bound.
    pub(crate) fn phi(&self, now: Time) -> f64 {
        let (mean, deviation) = self.distribution();
        phi_of((now.since(self.last).as_secs_f64() - mean) / deviation)
    }

    /// When phi reaches `threshold`, if nothing comes meanwhile.
    pub(crate) fn suspicious_at(&self, threshold: f64) -> Time {
        let (mean, deviation) = self.distribution();
        // Each half of the interval halves the error: at the end it is below a microsecond of any deviation.
        let (mut low, mut high) = (-Z_MAX, Z_MAX);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            *(if phi_of(middle) < threshold { &mut low } else { &mut high }) = middle;
        }
        self.last + Duration::from_secs_f64((mean + high * deviation).max(0.0))
    }

    /// Mean and standard deviation of the intervals, in seconds.
    fn distribution(&self) -> (f64, f64) {
        let count = self.intervals.len() as f64;
        let mean = self.intervals.iter().map(|interval| f64::from(*interval)).sum::<f64>() / count;
        let variance = self.intervals.iter().map(|interval| (f64::from(*interval) - mean).powi(2)).sum::<f64>() / count;
        (mean, variance.sqrt().max(self.deviation_min))
    }
}

/// Minus the decimal logarithm of the probability that a standard normal variable exceeds `z`.
pub(crate) fn phi_of(z: f64) -> f64 {
    if z < 5.0 {
        return -normal_tail(z).log10();
    }
    // Beyond, the tail underflows long before its logarithm does. Asymptotic series of Mills' ratio, in logarithms:
    // P(Z > z) = exp(-z^2/2) / (z sqrt(2 pi)) * (1 - 1/z^2 + 3/z^4 - 15/z^6 + 105/z^8).
    let inverse = 1.0 / (z * z);
    let series = 1.0 - inverse * (1.0 - inverse * (3.0 - inverse * (15.0 - inverse * 105.0)));
    let natural = -z * z / 2.0 - z.ln() - (2.0 * std::f64::consts::PI).sqrt().ln() + series.ln();
    -natural / std::f64::consts::LN_10
}

/// P(Z > z) by Simpson's rule over the density between 0 and z: no library function, no table, and good to six digits
/// where it is used.
fn normal_tail(z: f64) -> f64 {
    let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z <= -8.0 {
        return 1.0;
    }
    // Towards the tail, from z to where nothing is left; for z below zero by symmetry.
    let (from, to) = (z.abs(), z.abs() + 10.0);
    const STEPS: usize = 200;
    let width = (to - from) / STEPS as f64;
    let inner: f64 =
        (1..STEPS).map(|step| density(from + step as f64 * width) * if step % 2 == 1 { 4.0 } else { 2.0 }).sum();
    let tail = (density(from) + inner + density(to)) * width / 3.0;
    if z < 0.0 { 1.0 - tail } else { tail }
}

/// phi is above 300 here, beyond every threshold that settings may have.
const Z_MAX: f64 = 40.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(deviation: f32) -> Heartbeats {
        let mut beats = Heartbeats::new(Time::ZERO, Duration::from_secs(1), 100, Duration::from_millis(50));
        let mut now = Time::ZERO;
        for beat in 0..200 {
            let offset = if beat % 2 == 0 { deviation } else { -deviation };
            now = now + Duration::from_secs_f32(1.0 + offset);
            beats.record(now);
        }
        beats
    }

    /// Values of the normal distribution's tail from tables.
    #[test]
    fn phi_is_the_logarithm_of_the_normal_tail() {
        for (z, tail) in [(0.0, 0.5), (1.0, 0.158_655_253_931), (3.0, 1.349_898_031_6e-3), (-2.0, 0.977_249_868_052)] {
            assert!((phi_of(z) + f64::log10(tail)).abs() < 1e-6, "z = {z}: {}", phi_of(z));
        }
        assert!((phi_of(6.0) - 9.005_92).abs() < 1e-4, "{}", phi_of(6.0));
        assert!((phi_of(10.0) - 23.118_05).abs() < 1e-4, "{}", phi_of(10.0));
    }

    #[test]
    fn phi_grows_without_a_cap_and_without_a_step() {
        let mut last = phi_of(-0.01);
        for step in 0..4000 {
            let phi = phi_of(f64::from(step) / 100.0);
            assert!(phi > last && phi - last < 0.2, "at {step}: {last} then {phi}");
            last = phi;
        }
        assert!(last > 300.0);
        assert!(phi_of(1e6).is_finite());
    }

    #[test]
    fn a_silence_of_1_3_s_is_suspicious_for_a_steady_node_and_not_for_an_uneven_one() {
        let after = |beats: &Heartbeats, millis| beats.phi(beats.last() + Duration::from_millis(millis));
        let (even, uneven) = (steady(0.0), steady(0.2));
        assert!((after(&even, 1281) - 8.0).abs() < 0.2, "{}", after(&even, 1281));
        assert!(after(&uneven, 1300) < 2.0 && after(&uneven, 2200) > 8.0);
    }

    #[test]
    fn the_time_until_the_first_answer_is_no_interval_and_neither_is_one_with_a_restart() {
        let at = |millis| Time::ZERO + Duration::from_millis(millis);
        let mut beats = Heartbeats::new(at(0), Duration::from_secs(1), 100, Duration::from_millis(50));
        let guessed = beats.intervals().count();
        beats.record(at(10));
        assert!(beats.is_known() && beats.intervals().count() == guessed);
        beats.record(at(1010));
        assert_eq!(beats.intervals().last(), Some(Duration::from_secs(1)));
        beats.restart(at(5000));
        beats.record(at(5100));
        assert_eq!(beats.intervals().count(), guessed + 1);
    }

    #[test]
    fn it_is_known_beforehand_when_a_silence_will_be_suspicious() {
        for (beats, threshold) in [(steady(0.0), 8.0), (steady(0.2), 8.0), (steady(0.1), 0.5), (steady(0.1), 299.0)] {
            let at = beats.suspicious_at(threshold);
            assert!(beats.phi(at + Duration::from_micros(20)) >= threshold, "{at:?}");
            assert!(at == beats.last() || beats.phi(Time::from_micros(at.as_micros() - 20)) < threshold, "{at:?}");
        }
    }

    #[test]
    fn the_window_forgets() {
        let mut beats = steady(0.2);
        let mut now = beats.last();
        for _ in 0..100 {
            now = now + Duration::from_secs(1);
            beats.record(now);
        }
        assert!(beats.intervals().all(|interval| interval == Duration::from_secs(1)));
    }
}
