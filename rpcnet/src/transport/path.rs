//! What a connection's path is like, as its endpoint sees it. No IO.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

/// Written by the endpoint with each packet, which costs three stores; read by whoever wants to know.
#[derive(Debug, Default)]
pub(crate) struct Path {
    /// Probe timeouts in a row, RFC 9002, section 6.2: each twice as long as the one before, and no packet
    /// acknowledged since the first.
    timeouts: AtomicU32,
    smoothed_rtt_us: AtomicU32,
    min_rtt_us: AtomicU32,
    /// Packets that have come from the peer.
    heard: AtomicU32,
    unanswered: Notify,
}

impl Path {
    /// The endpoint has measured.
    pub(crate) fn record(&self, timeouts: u32, smoothed_rtt: Duration, min_rtt: Duration) {
        let before = self.timeouts.load(Ordering::Relaxed);
        self.timeouts.store(timeouts, Ordering::Relaxed);
        self.smoothed_rtt_us.store(micros(smoothed_rtt), Ordering::Relaxed);
        self.min_rtt_us.store(micros(min_rtt), Ordering::Relaxed);
        if timeouts >= TIMEOUTS_MAX && before < TIMEOUTS_MAX {
            self.unanswered.notify_one();
        }
    }

    /// A packet has come. For one task, the endpoint's.
    pub(crate) fn hear(&self) {
        self.heard.store(self.heard.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// How many have come. It wraps.
    pub(crate) fn heard(&self) -> u32 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Whether nothing was acknowledged for so many probes that the path can't be trusted any more.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.timeouts.load(Ordering::Relaxed) >= TIMEOUTS_MAX
    }

    /// Waits until it is. One task at a time may wait.
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again.
    pub(crate) async fn unanswered(&self) {
        while !self.is_unanswered() {
            self.unanswered.notified().await;
        }
    }

    pub(crate) fn smoothed_rtt(&self) -> Duration {
        Duration::from_micros(self.smoothed_rtt_us.load(Ordering::Relaxed).into())
    }

    /// How long an acknowledgement may take, as QUIC reckons before it probes (RFC 9002, section 6.2.1), on a path whose round
    /// trips vary by an eighth.
    pub(crate) fn probe_timeout(&self) -> Duration {
        let smoothed_rtt = self.smoothed_rtt();
        smoothed_rtt + smoothed_rtt / 2 + PEERS_DELAY
    }

    /// The shortest round trip so far: what the path takes, without what its ends take.
    pub(crate) fn min_rtt(&self) -> Duration {
        Duration::from_micros(self.min_rtt_us.load(Ordering::Relaxed).into())
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// One probe may be lost, and two; three in a row are more than chance on any path that is of use.
const TIMEOUTS_MAX: u32 = 3;

/// For how long a peer may keep an acknowledgement back: RFC 9000, section 18.2.
const PEERS_DELAY: Duration = Duration::from_millis(25);

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(7);

    #[tokio::test]
    async fn three_timeouts_in_a_row_tell_and_an_acknowledgement_takes_it_back() {
        let path = Path::default();
        let waiting = path.unanswered();
        tokio::pin!(waiting);
        for timeouts in [0, 1, 2, 0, 1, 2] {
            path.record(timeouts, RTT, RTT);
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        path.record(3, RTT, RTT);
        waiting.await;
        path.record(0, RTT, RTT);
        assert!(!path.is_unanswered());
        assert!(futures::poll!(Box::pin(path.unanswered())).is_pending());
        assert_eq!((path.smoothed_rtt(), path.min_rtt()), (RTT, RTT));
    }
}
