//! Notices a path that swallows everything, as long as calls wait on it.
//!
//! QUIC gives a connection up when it has heard nothing for the idle timeout, which is far too long for a caller. Its
//! probes know sooner: what is sent and not acknowledged is probed for, at growing intervals. But when all
//! requests have been acknowledged and only answers are missing, there is nothing to probe for; so as long as calls
//! wait, this asks for an acknowledgement now and then.
//!
//! Nor does it probe as long as there is something new to send (RFC 9002, section 6.2.1: each packet restarts the timer), so
//! that a path which dies under a steady load of calls would swallow them all. So silence counts as well: by how often it
//! was asked for in vain, and not by the clock, which goes on while this process does not.

use std::{future::pending, mem, time::Duration};

use tokio::time::sleep;

use super::gate::Gate;
use crate::{ErrorKind, Executed, RpcError, transport::path::Path};

/// Runs until the path has been given up: calls have waited while three probes in a row and some more time went
/// unanswered. A server that is slow to answer still acknowledges, and is not given up.
pub(super) async fn watch(gate: &Gate, path: &Path, interval: Option<Duration>, ping: impl Fn()) -> RpcError {
    loop {
        gate.wait_in_use().await;
        let (mut heard, mut silence) = (path.heard(), Duration::ZERO);
        while gate.is_in_use() {
            let next_ping = async {
                match interval {
                    Some(interval) => sleep(interval).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = next_ping => {
                    let is_silent = mem::replace(&mut heard, path.heard()) == heard;
                    silence = if is_silent { silence + interval.unwrap_or_default().min(SILENCE_EACH_MAX) } else { Duration::ZERO };
                    if silence >= silence_max(path) {
                        return swallowed();
                    }
                    ping();
                }
                () = path.unanswered() => {
                    // What was sent into a path that was silent before takes a round trip to wake it.
                    sleep(GRACE.max(2 * path.smoothed_rtt())).await;
                    if path.is_unanswered() && gate.is_in_use() {
                        return swallowed();
                    }
                }
            }
        }
    }
}

/// What three probe timeouts take, each twice as long as the one before, and the rest of what is given to a path.
fn silence_max(path: &Path) -> Duration {
    7 * path.probe_timeout() + GRACE
}

fn swallowed() -> RpcError {
    let message = "the path to the server swallows everything: no packet was acknowledged for several probes";
    RpcError::new(ErrorKind::Connection, Executed::Maybe, message)
}

/// Beyond the third probe timeout. Together with the interval of pings it makes 300 ms: short for a caller, and more than the
/// hiccups of a scheduler or a route.
const GRACE: Duration = Duration::from_millis(200);

/// What one silence between two pings counts, however far they are apart: so a path is asked several times, and never given up
/// before it was asked at all.
const SILENCE_EACH_MAX: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(100);
    const RTT: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn a_silent_path_is_given_up_while_a_call_waits_on_it() {
        let (gate, path) = (Gate::new(1), Path::default());
        let _call = gate.try_enter();
        let start = Instant::now();
        path.record(3, RTT, RTT);
        let watching = watch(&gate, &path, Some(INTERVAL), || {});
        let error = tokio::time::timeout(Duration::from_secs(60), watching).await.expect("given up");
        assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
        assert_eq!(start.elapsed().as_millis(), GRACE.as_millis());
    }

    #[tokio::test(start_paused = true)]
    async fn a_path_that_answers_is_asked_now_and_then_as_long_as_a_call_waits() {
        let (gate, path, pings) = (Gate::new(1), Path::default(), Cell::new(0));
        let watching = watch(&gate, &path, Some(INTERVAL), || {
            path.hear();
            pings.set(pings.get() + 1);
        });
        tokio::pin!(watching);
        let minute = Duration::from_secs(60);
        assert!(tokio::time::timeout(minute, &mut watching).await.is_err());
        assert_eq!(pings.get(), 0, "no call waits");
        let call = gate.try_enter();
        assert!(tokio::time::timeout(Duration::from_millis(1050), &mut watching).await.is_err());
        assert_eq!(pings.get(), 10);
        drop(call);
        assert!(tokio::time::timeout(minute, &mut watching).await.is_err());
        assert_eq!(pings.get(), 11, "the one that was due found out");
    }

    #[tokio::test(start_paused = true)]
    async fn a_path_is_asked_as_often_when_only_streams_wait_on_it() {
        let (gate, path, pings) = (Gate::new(1), Path::default(), Cell::new(0));
        gate.begin_stream();
        let watching = watch(&gate, &path, Some(INTERVAL), || {
            path.hear();
            pings.set(pings.get() + 1);
        });
        tokio::pin!(watching);
        assert!(tokio::time::timeout(Duration::from_millis(1050), &mut watching).await.is_err());
        assert_eq!(pings.get(), 10);
        path.record(3, RTT, RTT);
        let start = Instant::now();
        let error = tokio::time::timeout(Duration::from_secs(60), &mut watching).await.expect("given up");
        assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Connection, GRACE));
        gate.end_stream();
    }

    #[tokio::test(start_paused = true)]
    async fn a_path_that_says_nothing_is_given_up_though_no_probe_has_timed_out() {
        let (gate, path) = (Gate::new(1), Path::default());
        path.record(0, RTT, RTT);
        let _call = gate.try_enter();
        let start = Instant::now();
        let watching = watch(&gate, &path, Some(INTERVAL), || {});
        let error = tokio::time::timeout(Duration::from_secs(60), watching).await.expect("given up");
        assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
        // 7 * 26.5 ms and 200 ms, rounded up to the next ping.
        assert_eq!(start.elapsed().as_millis(), 400);
    }

    #[tokio::test(start_paused = true)]
    async fn a_path_is_not_given_up_before_it_was_asked() {
        let (gate, path) = (Gate::new(1), Path::default());
        let _call = gate.try_enter();
        let watching = watch(&gate, &path, Some(Duration::from_secs(10)), || path.hear());
        assert!(tokio::time::timeout(Duration::from_secs(60), watching).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_path_is_no_concern_as_long_as_no_call_waits() {
        let (gate, path) = (Gate::new(1), Path::default());
        path.record(3, RTT, RTT);
        let watching = watch(&gate, &path, Some(INTERVAL), || path.hear());
        tokio::pin!(watching);
        assert!(tokio::time::timeout(Duration::from_secs(60), &mut watching).await.is_err());
        let _call = gate.try_enter();
        assert!(tokio::time::timeout(GRACE / 2, &mut watching).await.is_err(), "it has just begun");
        path.record(0, RTT, RTT);
        assert!(tokio::time::timeout(Duration::from_secs(60), &mut watching).await.is_err(), "it woke up");
    }
}
