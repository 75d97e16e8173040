//! What this node knows of the cluster at one moment.

use std::sync::Arc;

use crate::{Node, NodeId};

/// What this node knows of the cluster at one moment: all nodes, itself among them, by name.
///
/// It never changes. [`ClusterMembership::view`](crate::ClusterMembership::view) gives the newest one without waiting
/// for anything.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Sorted by id.
    nodes: Vec<Arc<Node>>,
    local: NodeId,
    live: usize,
    version: u64,
}

impl View {
    /// All nodes that are known, also those that failed or left, by name; they are forgotten after a day.
    pub fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// The nodes that count as members, by name: alive, or suspected and not yet given up. This node is one.
    pub fn live(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.iter().filter(|node| node.is_live())
    }

    /// How many nodes count as members.
    pub fn live_count(&self) -> usize {
        self.live
    }

    /// The node of this name.
    pub fn get(&self, id: &NodeId) -> Option<&Arc<Node>> {
        self.position(id).ok().map(|index| &self.nodes[index])
    }

    /// This node.
    pub fn local(&self) -> Option<&Arc<Node>> {
        self.get(&self.local)
    }

    /// Counts the changes: of two views of one node, the later one has the greater number.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn new(local: Arc<Node>) -> Self {
        let id = local.id.clone();
        let live = usize::from(local.is_live());
        Self { nodes: vec![local], local: id, live, version: 1 }
    }

    /// Puts in a node, or replaces what was known of it.
    pub(crate) fn put(&mut self, node: Arc<Node>) {
        self.version += 1;
        self.live += usize::from(node.is_live());
        match self.position(&node.id) {
            Ok(index) => {
                self.live -= usize::from(self.nodes[index].is_live());
                self.nodes[index] = node;
            }
            Err(index) => self.nodes.insert(index, node),
        }
    }

    /// Replaces all nodes.
    pub(crate) fn replace(&mut self, mut nodes: Vec<Arc<Node>>) {
        nodes.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        self.version += 1;
        self.live = nodes.iter().filter(|node| node.is_live()).count();
        self.nodes = nodes;
    }

    fn position(&self, id: &NodeId) -> Result<usize, usize> {
        self.nodes.binary_search_by(|node| node.id.cmp(id))
    }
}
