//! How well the nodes of a cluster are: what this one measures, what it hears, and what its own program says.

use std::{convert::Infallible, sync::Arc, time::Duration};

use crate::{ClusterMembership, MemberState, Node, NodeId};

/// Looks at the health of a cluster's nodes, and reports this one's own. Cloning is cheap.
///
/// There is nothing to run: each node watches a few others from its start, and all hear of what each one finds
/// ([`HealthCheckConfig`](crate::HealthCheckConfig) says how). This is for those who want to see it.
///
/// ```
/// # async fn example(cluster: rpcnet_cluster::ClusterMembership) -> Result<(), Box<dyn std::error::Error>> {
/// use rpcnet_cluster::HealthChecker;
///
/// let health = HealthChecker::new(cluster);
/// health.report("disk", false); // The others see this node as degraded, until its disk is well again.
/// for watched in health.watched().await {
///     println!("{}: phi {:?} of {}", watched.node.id, watched.phi, watched.phi_threshold);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct HealthChecker {
    cluster: ClusterMembership,
}

/// What is known of one node's health at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NodeHealth {
    /// The node, with what is thought of it.
    pub node: Arc<Node>,
    /// How suspicious its silence is: measured here if this node watches it, by its first accuser if it is suspected.
    pub phi: Option<f64>,
    /// The phi at which this node suspects it: by its tags, if the configuration names some of them.
    pub phi_threshold: f64,
    /// The times between its last heartbeats, oldest first. Empty if this node does not watch it.
    pub heartbeats: Vec<Duration>,
}

impl HealthChecker {
    /// Looks at the health of a cluster's nodes.
    pub fn new(cluster: ClusterMembership) -> Self {
        Self { cluster }
    }

    /// Does nothing: there is nothing to start. It is here for those who know it from elsewhere.
    pub async fn start(&self) {}

    /// Says how a part of this node's program is: its disk, its database. While any part is unwell, this node is
    /// degraded: registries select it after the others, and nobody thinks that it has failed.
    ///
    /// Parts are forgotten when they are well. [`ClusterMembership::set_degraded`] is for the program as a whole.
    pub fn report(&self, part: &str, is_well: bool) {
        let _: Result<(), Infallible> = self.cluster.want(|wanted| {
            if is_well {
                wanted.unwell.remove(part);
            } else {
                wanted.unwell.insert(part.to_owned());
            }
            Ok(())
        });
    }

    /// The parts of this node's program that were reported and are not well, by name.
    pub fn unwell(&self) -> Vec<String> {
        self.cluster.wanted().unwell.into_iter().collect()
    }

    /// One node's health; `None` if nobody knows the node, or this one has left.
    pub async fn check(&self, id: &NodeId) -> Option<NodeHealth> {
        self.cluster.health(Some(id.clone())).await.pop()
    }

    /// The health of the nodes that this one watches, by name: the only ones whose heartbeats it hears.
    pub async fn watched(&self) -> Vec<NodeHealth> {
        let mut watched = self.cluster.health(None).await;
        watched.sort_unstable_by(|one, other| one.node.id.cmp(&other.node.id));
        watched
    }

    /// The nodes that are alive, not suspected, and say themselves that they are well, by name.
    pub fn healthy(&self) -> Vec<Arc<Node>> {
        self.nodes(Node::is_healthy)
    }

    /// The nodes that work, but badly, or so it seems, by name: they say so, or they are suspected.
    pub fn degraded(&self) -> Vec<Arc<Node>> {
        self.nodes(Node::is_degraded)
    }

    /// The nodes that failed and were not seen since, by name.
    pub fn failed(&self) -> Vec<Arc<Node>> {
        self.nodes(|node| node.state() == MemberState::Failed)
    }

    fn nodes(&self, wanted: impl Fn(&Node) -> bool) -> Vec<Arc<Node>> {
        self.cluster.view().nodes().iter().filter(|node| wanted(node)).cloned().collect()
    }
}
