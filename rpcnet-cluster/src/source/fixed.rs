//! Workers that are known beforehand.

use std::{future::pending, net::SocketAddr};

use super::{WorkerSource, WorkerUpdates};
use crate::balance::WorkerInfo;

/// A list of workers that does not change.
///
/// Whoever of them does not answer is left out until it does again, as with any other source.
///
/// ```
/// use rpcnet::ClientConfig;
/// use rpcnet_cluster::{ClusterClient, StaticWorkers, WorkerInfo};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut near = WorkerInfo::at("127.0.0.1:7946".parse()?);
/// near.tags = near.tags.with("zone", "eu")?;
/// let workers = StaticWorkers::new([near, WorkerInfo::at("127.0.0.1:7948".parse()?)]);
/// let cluster = ClusterClient::new(workers, ClientConfig::development().build()?);
/// let channel = cluster.channel("zone=eu");
/// # let _ = channel; Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct StaticWorkers(Vec<WorkerInfo>);

impl StaticWorkers {
    /// These workers.
    pub fn new(workers: impl IntoIterator<Item = WorkerInfo>) -> Self {
        Self(workers.into_iter().collect())
    }
}

impl FromIterator<SocketAddr> for StaticWorkers {
    /// The workers at these addresses, which are their names. They have no tags.
    fn from_iter<I: IntoIterator<Item = SocketAddr>>(addrs: I) -> Self {
        Self(addrs.into_iter().map(WorkerInfo::at).collect())
    }
}

impl WorkerSource for StaticWorkers {
    async fn run(self, workers: WorkerUpdates) {
        workers.set(self.0);
        pending().await
    }
}
