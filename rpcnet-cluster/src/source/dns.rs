//! Workers behind a name.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

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
        let mut known = false;
        loop {
            match self.look_up().await {
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
