//! A worker that fails and recovers, again and again.

use std::time::Duration;

use rpcnet_cluster::ClusterMembership;
use tokio::{sync::watch, time::sleep};
use tracing::{info, warn};

/// How long each part of the cycle lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cycle {
    pub(crate) works: Duration,
    pub(crate) warns: Duration,
    pub(crate) fails: Duration,
}

impl Cycle {
    /// Fails and recovers for ever: `failed` is what the handlers see, and the cluster hears that the node is degraded.
    pub(crate) async fn run(self, failed: &watch::Sender<bool>, cluster: &ClusterMembership) {
        loop {
            sleep(self.works).await;
            warn!("⚠️ Simulating worker failure in {:?}...", self.warns);
            sleep(self.warns).await;
            warn!("💥 Worker failed!");
            failed.send_replace(true);
            cluster.set_degraded(true);
            sleep(self.fails).await;
            info!("🔄 Worker recovering...");
            cluster.set_degraded(false);
            failed.send_replace(false);
            info!("✅ Worker recovered and ready to serve!");
        }
    }
}
