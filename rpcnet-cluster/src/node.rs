//! A node as its neighbours see it.

use std::{net::SocketAddr, ops::Deref, sync::Arc};

use crate::membership::{MemberState, Record};

/// A node of the cluster, as this one sees it: what it publishes about itself, and what is thought of it.
///
/// It is a picture of a moment: it never changes. What the node publishes is there by name: `node.id`, `node.tags`,
/// `node.rpc_address`, `node.gossip_address`, `node.generation`.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    record: Arc<Record>,
    state: MemberState,
}

impl Node {
    pub(crate) fn new(record: Arc<Record>, state: MemberState) -> Self {
        Self { record, state }
    }

    /// Whether this is the very record and state.
    pub(crate) fn is(&self, record: &Arc<Record>, state: MemberState) -> bool {
        Arc::ptr_eq(&self.record, record) && self.state == state
    }

    /// Where it takes calls.
    pub fn addr(&self) -> SocketAddr {
        self.record.rpc_address
    }

    /// What is thought of it.
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// Whether it counts as a member: alive, or under a suspicion that it can still refute.
    pub fn is_live(&self) -> bool {
        self.state.is_live()
    }

    /// Whether it is alive, and nobody doubts it.
    pub fn is_visible(&self) -> bool {
        self.state == MemberState::Alive
    }

    /// Whether it is alive, not suspected, and says itself that it is well.
    pub fn is_healthy(&self) -> bool {
        self.state == MemberState::Alive && !self.record.degraded
    }

    /// Whether it works, but badly, or so it seems: it says so itself, or it is suspected.
    pub fn is_degraded(&self) -> bool {
        self.state == MemberState::Suspect || (self.state == MemberState::Alive && self.record.degraded)
    }
}

impl Deref for Node {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}
