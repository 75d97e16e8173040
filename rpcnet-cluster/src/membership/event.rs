//! What the core tells the program.

use std::{net::SocketAddr, sync::Arc};

use super::{node::NodeId, record::Record};

/// A change of the view, in the order in which this node learned of it.
///
/// Every event is this node's view alone: others may learn of the same change a second earlier or later, and two nodes may
/// disagree for as long as the network lets them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A node is a member now: it joined, or it restarted under a new generation.
    NodeJoined(Arc<Record>),
    /// A node said goodbye.
    NodeLeft(Arc<Record>),
    /// A node was suspected and nobody heard from it in time; or it restarted, and this is the end of its former run.
    NodeFailed(Arc<Record>),
    /// A node changed its record: tags, addresses, draining or degraded.
    NodeUpdated(Arc<Record>),
    /// Somebody could not reach a node, with what certainty: `phi` is minus the decimal logarithm of the probability that a
    /// live node would be silent like this. The node still counts as a member.
    NodeSuspect {
        /// The node.
        node: Arc<Record>,
        /// How sure the first accuser was.
        phi: f64,
    },
    /// A node refuted its suspicion or its failure.
    NodeRecovered(Arc<Record>),
    /// A large part of the cluster went away at once. Advisory: a mass crash looks the same from here.
    PartitionDetected {
        /// The smaller part; of two equal ones, that without the lowest id.
        minority: Vec<NodeId>,
        /// The larger part.
        majority: Vec<NodeId>,
    },
    /// Nearly all of those that went away are back, or said goodbye.
    PartitionHealed,
    /// The core is a member of the cluster: some node took it in, and sent what it knows.
    Joined,
    /// Everybody who matters knows that this node leaves, or a second has passed. The driver may stop.
    LeaveCompleted,
    /// The cluster knew a later generation of this node, so it took the next one. Worth keeping on disk.
    GenerationChanged(u64),
    /// Another live node has this node's name, or its key. This node keeps still until that one is gone.
    Conflict {
        /// The other node.
        other: Arc<Record>,
    },
    /// Others see this node's packets come from elsewhere than it says; they may not be able to reach it.
    AddressMismatch {
        /// Where its packets come from.
        observed: SocketAddr,
    },
    /// Too many events waited, and those before this one are gone: read the view again.
    Resync,
}
