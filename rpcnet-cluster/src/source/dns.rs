//! Workers behind a name.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use super::{WorkerSource, WorkerUpdates};
use crate::{ConfigError, Seed, Tags, balance::WorkerInfo};

/// All addresses that the name service has for a name, looked up again and again: for platforms that know their own members, such
/// as a headless service of Kubernetes.
///
/// Each address is a worker, with its certificate expected to name the host. The workers have the tags that are given
/// here, all the same. A look-up that fails changes nothing: those that were known stay, and whoever of them does not answer
/// is left out. One that answers with no address at all counts as failed.
///
/// The system's resolver is asked, which does not tell how long its answers are good for: that is what
/// [`with_interval`](Self::with_interval) is for.
#[derive(Clone, Debug)]
pub struct DnsWorkers {
    host: Arc<str>,
    port: u16,
    interval: Duration,
    tags: Tags,
}

impl DnsWorkers {
    /// The workers behind `host:port`.
    ///
    /// # Errors
    ///
    /// The text is none.
    pub fn new(name: &str) -> Result<Self, ConfigError> {
        let name: Seed = name.parse()?;
        Ok(Self { host: name.host().into(), port: name.port(), interval: INTERVAL, tags: Tags::default() })
    }

    /// How long to wait between two look-ups (default: 5 s). At least 100 ms are waited.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(INTERVAL_MIN);
        self
    }

    /// The tags of all of them (default: none).
    #[must_use]
    pub fn with_tags(mut self, tags: Tags) -> Self {
        self.tags = tags;
        self
    }

    fn worker(&self, addr: SocketAddr) -> WorkerInfo {
        let mut info = WorkerInfo::at(addr);
        info.server_name = Some(Arc::clone(&self.host));
        info.tags = self.tags.clone();
        info
    }

    async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        let found = timeout(LOOK_UP_TIME_MAX, tokio::net::lookup_host((&*self.host, self.port)));
        let addrs: Vec<_> = found.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??.collect();
        if addrs.is_empty() { Err(io::Error::other("it has no address")) } else { Ok(addrs) }
    }
}

impl WorkerSource for DnsWorkers {
    async fn run(self, workers: WorkerUpdates) {
        self.follow(|| self.look_up(), workers).await;
    }
}

impl DnsWorkers {
    /// Tells what `look_up` finds, for ever.
    async fn follow<F>(&self, look_up: impl Fn() -> F, workers: WorkerUpdates)
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>>,
    {
        let mut known = false;
        loop {
            match look_up().await {
                Ok(addrs) => {
                    known = true;
                    workers.set(addrs.into_iter().map(|addr| self.worker(addr)));
                }
                Err(error) => {
                    tracing::warn!(host = %self.host, %error, "the workers' name was not resolved");
                    if !known {
                        // Calls must not wait for a name service that is down.
                        workers.set([]);
                    }
                }
            }
            sleep(self.interval).await;
        }
    }
}

/// Soon enough for a roll-out, and little for a name service on the same machine.
const INTERVAL: Duration = Duration::from_secs(5);
const INTERVAL_MIN: Duration = Duration::from_millis(100);
const LOOK_UP_TIME_MAX: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::Instant;

    use super::*;

    fn addr(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 7443).into()
    }

    #[tokio::test(start_paused = true)]
    async fn all_addresses_are_workers_and_each_look_up_replaces_the_last_unless_it_fails() {
        let fails = || Err(io::Error::other("the name service is down"));
        let answers = [Ok(vec![addr(1), addr(2)]), fails(), Ok(vec![addr(2), addr(3), addr(4)])];
        let answers = RefCell::new(answers.into_iter());
        let look_up = || std::future::ready(answers.borrow_mut().next().unwrap_or_else(fails));
        let source = DnsWorkers::new("workers.example:7443").expect("a name and a port");
        let (updates, mut known) = WorkerUpdates::new();
        let began = Instant::now();
        let watch = async {
            let mut seen = Vec::new();
            while seen.len() < 2 {
                known.changed().await.expect("it goes on");
                let workers = known.borrow_and_update().clone().expect("it has said something");
                assert!(workers.iter().all(|worker| worker.server_name.as_deref() == Some("workers.example")));
                seen.push((began.elapsed().as_secs(), workers.iter().map(|worker| worker.addr).collect::<Vec<_>>()));
            }
            seen
        };
        let seen = tokio::select! {
            seen = watch => seen,
            () = source.follow(look_up, updates) => unreachable!("it never ends"),
        };
        assert_eq!(seen, [(0, vec![addr(1), addr(2)]), (10, vec![addr(2), addr(3), addr(4)])]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_was_never_resolved_has_no_workers_rather_than_unknown_ones() {
        let source = DnsWorkers::new("workers.example:7443").expect("a name and a port");
        let (updates, mut known) = WorkerUpdates::new();
        let look_up = || std::future::ready(Err(io::Error::other("no such name")));
        tokio::select! {
            told = known.changed() => told.expect("it goes on"),
            () = source.follow(look_up, updates) => unreachable!("it never ends"),
        }
        assert!(known.borrow().as_ref().is_some_and(|workers| workers.is_empty()));
    }
}
