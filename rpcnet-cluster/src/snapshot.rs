//! The state of the cluster as JSON, for operators and for a later start.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::{DatagramCounters, MemberState, Seed, View};

/// What one node knew of the cluster at one moment, to write down and read again.
///
/// A snapshot is a record, not a state that could be put back: nodes live where they live. What it is good for after a
/// restart is its [`seeds`](Self::seeds).
///
/// ```
/// # use rpcnet_cluster::ClusterSnapshot;
/// # fn example(cluster: &rpcnet_cluster::ClusterMembership) -> Result<(), Box<dyn std::error::Error>> {
/// std::fs::write("cluster.json", cluster.snapshot().to_json())?;
/// let snapshot = ClusterSnapshot::from_json(&std::fs::read_to_string("cluster.json")?)?;
/// let seeds = snapshot.seeds();
/// # let _ = seeds; Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClusterSnapshot {
    /// When it was taken, in milliseconds since 1970 by that node's clock.
    pub taken_at_ms: u64,
    /// The node that took it.
    pub local_node_id: String,
    /// All nodes that it knew of, by name.
    pub nodes: Vec<NodeSnapshot>,
    /// What happened to its datagrams.
    #[serde(default)]
    pub datagrams: DatagramCounters,
}

/// One node in a [`ClusterSnapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeSnapshot {
    /// The node's name.
    pub id: String,
    /// Where it takes calls.
    pub addr: SocketAddr,
    /// Where it takes gossip.
    pub gossip_addr: SocketAddr,
    /// `alive`, `suspect`, `failed` or `left`.
    pub state: String,
    /// Which run of its process it was.
    pub generation: u64,
    /// It said that it works, but badly.
    #[serde(default)]
    pub degraded: bool,
    /// It wanted no new work.
    #[serde(default)]
    pub draining: bool,
    /// What it said about itself.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl ClusterSnapshot {
    pub(crate) fn of(view: &View, local: &str, datagrams: DatagramCounters) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let nodes = view.nodes().iter().map(|node| NodeSnapshot {
            id: node.id.to_string(),
            addr: node.rpc_address,
            gossip_addr: node.gossip_address,
            state: state_name(node.state()).to_owned(),
            generation: node.generation,
            degraded: node.degraded,
            draining: node.draining,
            tags: node.tags.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        });
        Self {
            taken_at_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            local_node_id: local.to_owned(),
            nodes: nodes.collect(),
            datagrams,
        }
    }

    /// The snapshot as JSON, indented.
    pub fn to_json(&self) -> String {
        // Texts and numbers under texts can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a snapshot. Fields that this version does not know are ignored.
    ///
    /// # Errors
    ///
    /// The text is no JSON, or lacks a field; the error says where.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Where the nodes that were alive took gossip, to join by them again; without the one that took the snapshot.
    pub fn seeds(&self) -> Vec<Seed> {
        let others = self.nodes.iter().filter(|node| node.id != self.local_node_id && node.state == "alive");
        others.map(|node| Seed::gossip(node.gossip_addr)).collect()
    }
}

fn state_name(state: MemberState) -> &'static str {
    match state {
        MemberState::Alive => "alive",
        MemberState::Suspect => "suspect",
        MemberState::Failed => "failed",
        MemberState::Left => "left",
    }
}
