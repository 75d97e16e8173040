//! What happens in the cluster, as subscribers hear of it.

use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

use crate::{Node, NodeId, View, shared::Shared};

/// A change of this node's view, in the order in which this node learned of it.
///
/// Guaranteed: a subscriber hears of every change of this node's view, or gets a [`Resync`](Self::Resync) in place of
/// those that it was too slow for; and the view already shows a change when its event arrives. Only likely: that other
/// nodes see the same at the same time, or in the same order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClusterEvent {
    /// A node is a member now: it joined, or it started again.
    NodeJoined(Arc<Node>),
    /// A node said goodbye.
    NodeLeft(Arc<Node>),
    /// Nobody has heard from a node in time. It may be dead, or cut off: nobody can tell from here.
    NodeFailed(Arc<Node>),
    /// A node has changed what it says about itself: tags, addresses, draining, degraded.
    NodeUpdated(Arc<Node>),
    /// Somebody could not reach a node; the number is phi, how sure the first to notice was. The node still counts as a
    /// member.
    NodeSuspect(Arc<Node>, f64),
    /// A node that was suspected or had failed has shown that it is alive.
    NodeRecovered(Arc<Node>),
    /// A large part of the cluster went away at once: first the smaller part, then the larger one.
    ///
    /// Advisory: a crash of many nodes looks the same from here.
    PartitionDetected(Vec<NodeId>, Vec<NodeId>),
    /// Nearly all of those that went away are back.
    PartitionHealed,
    /// Another live node has this node's name. One of the two must be given another; until then this one keeps still.
    NodeConflict(Arc<Node>),
    /// This node is a member of the cluster: some node took it in.
    Joined,
    /// The cluster knew a later run of this node than this one says it is (its clock may have gone back), so this run
    /// counts as the one after. Worth keeping, if generations are kept.
    GenerationChanged(u64),
    /// The subscriber was too slow, and some events are lost: here is the whole state instead.
    ///
    /// Events that follow may be part of it already.
    Resync(Arc<View>),
}

/// A subscription to events; made by [`ClusterMembership::subscribe`](crate::ClusterMembership::subscribe).
pub struct Events {
    receiver: broadcast::Receiver<ClusterEvent>,
    shared: Arc<Shared>,
}

impl ClusterEvent {
    /// The node that the event is about, if it is about one.
    pub fn node(&self) -> Option<&Arc<Node>> {
        match self {
            Self::NodeJoined(node)
            | Self::NodeLeft(node)
            | Self::NodeFailed(node)
            | Self::NodeUpdated(node)
            | Self::NodeSuspect(node, _)
            | Self::NodeRecovered(node)
            | Self::NodeConflict(node) => Some(node),
            Self::PartitionDetected(..)
            | Self::PartitionHealed
            | Self::Joined
            | Self::GenerationChanged(_)
            | Self::Resync(_) => None,
        }
    }
}

impl Events {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { receiver: shared.subscribe(), shared }
    }

    /// The next event; `None` once this node has left the cluster and all events are read.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, it has taken no event.
    pub async fn recv(&mut self) -> Option<ClusterEvent> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Closed) => None,
            Err(RecvError::Lagged(_)) => {
                // First the end of the queue, then the state: so the state has all that is no longer in the queue.
                self.receiver = self.receiver.resubscribe();
                Some(ClusterEvent::Resync(self.shared.view()))
            }
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("waiting", &self.receiver.len()).finish_non_exhaustive()
    }
}
