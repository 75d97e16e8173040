//! How long an answer takes, and so when to ask again (Jacobson 1988, RFC 6298).

use std::time::Duration;

/// Round trips to all peers together, and how many get lost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoundTrip {
    smoothed: Option<(f64, f64)>,
    /// The share of pings that went unanswered.
    loss: f64,
}

impl RoundTrip {
    /// The answer to a ping that was sent once took this long. Of one that was sent twice nobody knows (Karn).
    pub(crate) fn record(&mut self, sample: Duration) {
        let sample = sample.as_secs_f64();
        self.smoothed = Some(match self.smoothed {
            None => (sample, sample / 2.0),
            Some((mean, deviation)) => (0.875 * mean + 0.125 * sample, 0.75 * deviation + 0.25 * (mean - sample).abs()),
        });
    }

    /// When to send again what was not answered, within `limits`.
    pub(crate) fn resend_after(&self, limits: (Duration, Duration)) -> Duration {
        let Some((mean, deviation)) = self.smoothed else { return limits.1 };
        Duration::from_secs_f64(mean + 4.0 * deviation).clamp(limits.0, limits.1)
    }

    /// The last of so many pings was answered.
    pub(crate) fn record_success(&mut self, pings: u32) {
        self.record_loss(pings.saturating_sub(1));
        self.loss *= 1.0 - LOSS_WEIGHT;
    }

    /// So many pings were not answered.
    pub(crate) fn record_loss(&mut self, pings: u32) {
        for _ in 0..pings {
            self.loss += LOSS_WEIGHT * (1.0 - self.loss);
        }
    }

    /// The share of datagrams that arrive, one way: a ping and its ack both did.
    pub(crate) fn share_arriving(&self) -> f64 {
        (1.0 - self.loss.min(0.75)).sqrt()
    }

    /// Minus the decimal logarithm of the probability that so many pings, and so many requests to helpers, all got lost on
    /// their way to a live node, or on their way back.
    pub(crate) fn phi_of_silence(&self, pings: u32, requests: u32) -> f64 {
        let ping = self.loss.clamp(LOSS_MIN, 0.9);
        let request = 1.0 - (1.0 - ping) * (1.0 - ping);
        -f64::from(pings) * ping.log10() - f64::from(requests) * request.log10()
    }

    /// The smoothed round trip, once there was one.
    pub(crate) fn smoothed(&self) -> Option<Duration> {
        self.smoothed.map(|(mean, _)| Duration::from_secs_f64(mean))
    }
}

/// How fast the estimate of losses follows: it is about the last hundred pings.
const LOSS_WEIGHT: f64 = 0.01;

/// No network is assumed to lose less than one in a hundred.
const LOSS_MIN: f64 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resending_follows_the_round_trips_within_its_limits() {
        let limits = (Duration::from_millis(20), Duration::from_millis(200));
        let mut trips = RoundTrip::default();
        assert_eq!(trips.resend_after(limits), limits.1, "unknown");
        for _ in 0..100 {
            trips.record(Duration::from_millis(60));
        }
        let settled = trips.resend_after(limits);
        assert!(settled >= Duration::from_millis(60) && settled < Duration::from_millis(65), "{settled:?}");
        trips.record(Duration::from_secs(5));
        assert_eq!(trips.resend_after(limits), limits.1);
    }

    #[test]
    fn silence_means_less_where_much_gets_lost() {
        let mut trips = RoundTrip::default();
        assert!((trips.phi_of_silence(4, 0) - 8.0).abs() < 1e-9);
        (0..1000).for_each(|_| trips.record_success(2));
        assert!(trips.phi_of_silence(4, 0) < 1.5 && trips.phi_of_silence(4, 6) > trips.phi_of_silence(4, 0));
    }
}
