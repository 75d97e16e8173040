//! What a source of workers says about one of them.

use std::{net::SocketAddr, sync::Arc};

use super::experience::Standing;
use crate::{MemberState, Node, NodeId, Tags};

/// What a source of workers says about one of them: gossip, a list, a name service, or one's own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorkerInfo {
    /// Its name, the same after a restart. A source that knows none takes the address.
    pub id: NodeId,
    /// Where it takes calls.
    pub addr: SocketAddr,
    /// Which run of its process this is, or 0 if the source can't tell. Another generation is another worker: nothing
    /// that was experienced with the old one counts against it.
    pub generation: u64,
    /// The name that its certificate must have, if that is not its address.
    pub server_name: Option<Arc<str>>,
    /// What it says about itself. `label`, `zone` and `capacity` mean something here; filters may ask for any of them.
    pub tags: Tags,
    /// Somebody doubts that it is alive.
    pub suspect: bool,
    /// It says itself that it works badly.
    pub degraded: bool,
    /// It finishes what it does and wants no new work.
    pub draining: bool,
}

impl WorkerInfo {
    /// A worker about which nothing but its place is known.
    pub fn new(id: NodeId, addr: SocketAddr) -> Self {
        let (generation, server_name, tags) = (0, None, Tags::default());
        Self { id, addr, generation, server_name, tags, suspect: false, degraded: false, draining: false }
    }

    /// A worker about which nothing but its address is known: that is its name, too.
    pub fn at(addr: SocketAddr) -> Self {
        Self::new(NodeId::of_address(addr), addr)
    }

    pub(crate) fn standing(&self) -> Standing {
        match () {
            () if self.draining => Standing::Draining,
            () if self.suspect || self.degraded => Standing::Doubtful,
            () => Standing::Ready,
        }
    }
}

impl From<&Node> for WorkerInfo {
    fn from(node: &Node) -> Self {
        Self {
            id: node.id.clone(),
            addr: node.addr(),
            generation: node.generation,
            server_name: None,
            tags: node.tags.clone(),
            suspect: node.state() == MemberState::Suspect,
            degraded: node.degraded,
            draining: node.draining,
        }
    }
}
