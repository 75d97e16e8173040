//! Notices that a server is gone by what its host says.
//!
//! A server that is killed, or crashes, may leave its host behind. To packets that come for it that one answers that nothing listens
//! there, long before silence would tell.

use std::{convert::Infallible, future::Future};

use tokio::time::timeout;

use crate::{ErrorKind, Executed, RpcError, transport::path::Path};

/// Runs until a refusal has turned out to be true: what was sent after it was not answered either. By itself it proves
/// nothing, since anyone may forge one (RFC 5927, section 5), and a server that is there answers.
pub(super) async fn watch_refusals<F>(path: &Path, ping: impl Fn(), refused: impl Fn() -> F) -> RpcError
where
    F: Future<Output = ()>,
{
    loop {
        refused().await;
        let heard = path.heard();
        ping();
        // Those that come meanwhile are taken, since there is little room for them.
        let _ = timeout(PATIENCE * path.probe_timeout(), forever(&refused)).await;
        if path.heard() == heard {
            return nobody_listens("its process has ended, or closed its socket");
        }
    }
}

async fn forever<F: Future<Output = ()>>(refused: impl Fn() -> F) -> Infallible {
    loop {
        refused().await;
    }
}

/// The error that stands for a refusal, with what to make of it.
pub(super) fn nobody_listens(advice: &str) -> RpcError {
    let message = format!("the server's host says that nothing listens at its port: {advice}");
    RpcError::new(ErrorKind::Connection, Executed::Maybe, message).by_refusal()
}

/// In probe timeouts: an answer to the ping takes one at most, by QUIC's own reckoning.
const PATIENCE: u32 = 2;

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        future::{pending, ready},
        time::Duration,
    };

    use futures::future::Either;
    use tokio::time::{Instant, Sleep, sleep, timeout};

    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const RTT: Duration = Duration::from_millis(10);

    /// A host that says so again and again.
    fn once_a_millisecond() -> Sleep {
        sleep(MS)
    }

    fn path() -> Path {
        let path = Path::default();
        path.record(0, RTT, RTT);
        path
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_refused_and_silent_is_gone() {
        let (path, pings) = (path(), Cell::new(0));
        let start = Instant::now();
        let error = watch_refusals(&path, || pings.set(pings.get() + 1), once_a_millisecond).await;
        assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
        assert!(error.is_refusal());
        assert_eq!((start.elapsed(), pings.get()), (MS + 2 * Duration::from_millis(40), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_answers_is_there_whatever_its_host_is_said_to_say() {
        let path = path();
        let watching = watch_refusals(&path, || path.hear(), once_a_millisecond);
        assert!(timeout(Duration::from_secs(60), watching).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_was_answered_does_not_count_later() {
        let (path, refusals, answers) = (path(), Cell::new(1), Cell::new(1));
        let ping = || {
            if answers.replace(0) == 1 {
                path.hear();
            }
        };
        let refused = || if refusals.replace(0) == 1 { Either::Left(ready(())) } else { Either::Right(pending()) };
        assert!(timeout(Duration::from_secs(60), watch_refusals(&path, ping, refused)).await.is_err());
    }
}
