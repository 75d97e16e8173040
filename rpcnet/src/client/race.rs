//! Several addresses of one server, of which the first that answers is taken. No IO.

use std::{future::Future, net::SocketAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::time::sleep;

/// Tries the addresses in their order, without waiting long for each to fail (RFC 8305): a host that is down says nothing over
/// UDP, and `localhost` is often two addresses of which a server has one. `None` if all have failed, each for the reason in
/// `failures`.
///
/// # Cancel safety
///
/// Dropped before its end, it leaves the failures so far.
pub(super) async fn race<T, E, F: Future<Output = Result<T, E>>>(
    addrs: &[SocketAddr],
    attempt: impl Fn(SocketAddr) -> F,
    failures: &mut Vec<(SocketAddr, E)>,
) -> Option<T> {
    let attempt = |addr| {
        let attempt = attempt(addr);
        async move { attempt.await.map_err(|error| (addr, error)) }
    };
    let (mut attempts, mut untried) = (FuturesUnordered::new(), addrs);
    loop {
        if let Some((addr, rest)) = untried.split_first() {
            attempts.push(attempt(*addr));
            untried = rest;
        }
        tokio::select! {
            Some(attempt) = attempts.next() => match attempt {
                Ok(first) => return Some(first),
                Err(failure) => failures.push(failure),
            },
            () = sleep(ATTEMPT_DELAY), if !untried.is_empty() => {}
            else => return None,
        }
    }
}

/// RFC 8305, section 8: the connection attempt delay.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{Instant, timeout};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn addrs(ports: impl IntoIterator<Item = u16>) -> Vec<SocketAddr> {
        ports.into_iter().map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect()
    }

    /// Port 1 is silent, port 2 refuses at once, and others answer after as many milliseconds.
    async fn attempt(addr: SocketAddr) -> Result<u16, &'static str> {
        match addr.port() {
            1 => pending().await,
            2 => Err("refused"),
            port => {
                sleep(u32::from(port) * MS).await;
                Ok(port)
            }
        }
    }

    async fn raced(ports: &[u16]) -> (Option<u16>, Duration, usize) {
        let (start, mut failures) = (Instant::now(), Vec::new());
        let first = race(&addrs(ports.iter().copied()), attempt, &mut failures).await;
        (first, start.elapsed(), failures.len())
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_that_answers_is_taken() {
        assert_eq!(raced(&[20, 10]).await, (Some(20), 20 * MS, 0));
        assert_eq!(raced(&[600, 20]).await, (Some(20), ATTEMPT_DELAY + 20 * MS, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_one_holds_up_the_next_for_a_moment_and_a_refusal_not_at_all() {
        assert_eq!(raced(&[1, 1, 20]).await, (Some(20), 2 * ATTEMPT_DELAY + 20 * MS, 0));
        assert_eq!(raced(&[2, 2, 20]).await, (Some(20), 20 * MS, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn all_that_failed_are_told_with_their_reasons() {
        let mut failures = Vec::new();
        assert_eq!(race(&addrs([2, 2]), attempt, &mut failures).await, None);
        assert_eq!(failures, addrs([2, 2]).into_iter().map(|addr| (addr, "refused")).collect::<Vec<_>>());
        failures.clear();
        let half = addrs([2, 1]);
        let racing = race(&half, attempt, &mut failures);
        assert!(timeout(Duration::from_secs(60), racing).await.is_err());
        assert_eq!(failures.len(), 1, "known though the race was cut short");
        assert_eq!(raced(&[]).await, (None, Duration::ZERO, 0));
    }
}
