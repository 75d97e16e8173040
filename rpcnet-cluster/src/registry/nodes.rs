//! All nodes, by their tags.

use std::sync::Arc;

use super::filter::{FilterError, IntoFilter};
use crate::{ClusterMembership, Events, Node};

/// The nodes of a cluster, by their tags.
///
/// It has no state of its own: every answer comes from the newest view, without waiting. Cloning is cheap.
///
/// ```
/// # async fn example(cluster: rpcnet_cluster::ClusterMembership) -> Result<(), Box<dyn std::error::Error>> {
/// use rpcnet_cluster::NodeRegistry;
///
/// let registry = NodeRegistry::new(cluster);
/// for node in registry.nodes_with_tag("role=director, zone=eu")? {
///     println!("{} at {}", node.id, node.addr());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct NodeRegistry {
    cluster: ClusterMembership,
}

impl NodeRegistry {
    /// The registry of a cluster.
    pub fn new(cluster: ClusterMembership) -> Self {
        Self { cluster }
    }

    /// Does nothing: there is nothing to start. It is here for those who know it from elsewhere.
    pub async fn start(&self) {}

    /// All nodes that count as members, this one among them, by name.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.cluster.view().live().cloned().collect()
    }

    /// How many nodes count as members.
    pub fn node_count(&self) -> usize {
        self.cluster.view().live_count()
    }

    /// The members that a filter names: `"gpu"`, `"role=worker"`, or any other [`Filter`](crate::Filter).
    ///
    /// # Errors
    ///
    /// The text is no filter.
    pub fn nodes_with_tag(&self, filter: impl IntoFilter) -> Result<Vec<Arc<Node>>, FilterError> {
        let filter = filter.into_filter()?;
        Ok(self.cluster.view().live().filter(|node| filter.matches(&node.tags)).cloned().collect())
    }

    /// What happens in the cluster from now on.
    pub fn subscribe(&self) -> Events {
        self.cluster.subscribe()
    }
}
