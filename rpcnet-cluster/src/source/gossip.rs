//! Workers that gossip tells of.

use super::{WorkerSource, WorkerUpdates};
use crate::{ClusterMembership, Filter, WorkerRegistry, balance::WorkerInfo};

impl WorkerSource for ClusterMembership {
    /// Every member that serves calls, this node among them if it does: filters say who is meant.
    async fn run(self, workers: WorkerUpdates) {
        follow(&self, &Filter::any(), &workers).await;
    }
}

impl WorkerSource for WorkerRegistry {
    /// The registry's workers.
    async fn run(self, workers: WorkerUpdates) {
        follow(self.cluster(), self.workers_filter(), &workers).await;
    }
}

async fn follow(cluster: &ClusterMembership, filter: &Filter, workers: &WorkerUpdates) {
    let mut seen = None;
    // Until the node has left its cluster: then what was known last stays, as in any other outage of the source.
    while let Ok(view) = cluster.wait_until(|view| seen != Some(view.version())).await {
        seen = Some(view.version());
        let serving = view.live().filter(|node| node.addr().port() != 0 && filter.matches(&node.tags));
        workers.set(serving.map(|node| WorkerInfo::from(&**node)));
    }
}
