//! A server that is a member of a cluster.

mod builder;
mod report;

use std::{ops::Deref, time::Duration};

use rpcnet::{RpcError, Server};

pub use builder::ClusterServerBuilder;

use crate::{ClusterMembership, ConfigError, StartError};

/// A running server and its node's part in the cluster: made by
/// [`enable_cluster`](crate::ServerBuilderExt::enable_cluster).
///
/// It is used as the [`Server`] that it is. Dropping it stops the server, and the node says goodbye.
#[derive(Debug)]
#[must_use = "dropping a server stops it"]
pub struct ClusterServer {
    server: Server,
    cluster: ClusterMembership,
}

/// Why a server could not be started in its cluster. Nothing is left running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnableClusterError {
    /// The server could not be started.
    #[error(transparent)]
    Server(#[from] RpcError),
    /// The node could not be started.
    #[error(transparent)]
    Node(#[from] StartError),
    /// The node can't be reached at the server's address, or has no port left for gossip.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system has no random bytes to give.
    #[error("the system gave no random bytes: {0}")]
    Randomness(std::io::Error),
}

impl ClusterServer {
    /// The node's part in its cluster.
    pub fn cluster(&self) -> &ClusterMembership {
        &self.cluster
    }
}

impl Deref for ClusterServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// What a client needs to hear of it: some rounds of gossip. Whoever has not heard is told by the server itself.
const DRAIN_NOTICE: Duration = Duration::from_millis(300);
