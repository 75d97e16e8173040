//! Why something about a cluster failed: one enum for each operation.

use std::net::SocketAddr;

use crate::{ConfigError, Seed, SelectError, TagError};

/// Why a node could not be started. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The gossip port could not be bound.
    #[error(
        "cannot listen for gossip at {addr} (UDP): {source}; is another node running there? choose another port by with_gossip_port"
    )]
    #[non_exhaustive]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The system has no random bytes to give.
    #[error("the system gave no random bytes, and without them nothing can be sealed")]
    NoRandomness,
    /// The membership protocol refused its settings.
    #[error("the timing settings contradict each other: {reason}")]
    #[non_exhaustive]
    Settings {
        /// What it said.
        reason: String,
    },
}

/// Why a node is not a member yet. It goes on trying all the same, until it is dropped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// A seed is no address.
    #[error(transparent)]
    Seed(#[from] ConfigError),
    /// There is nobody to ask.
    #[error("there is no seed to join by: pass some to join, or configure them by with_seeds")]
    NoSeeds,
    /// Nobody answered in time.
    #[error(
        "none of the seeds {} answered within {seconds} s: do they run, do names and ports fit, does UDP get through, and have they the same key? (this node goes on trying)",
        list(seeds)
    )]
    #[non_exhaustive]
    NoAnswer {
        /// Who was asked.
        seeds: Vec<Seed>,
        /// For how long.
        seconds: u64,
    },
    /// The node has left its cluster.
    #[error(transparent)]
    Left(#[from] LeftError),
}

/// The node has left its cluster, or its driver has ended, so the operation did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this node has left its cluster: start a new one to join again")]
pub struct LeftError;

/// Why the state was not fetched anew. What was known stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResyncError {
    /// There is nobody to fetch it from.
    #[error("no other node is known to be alive, so there is nobody to fetch the state from")]
    Alone,
    /// It could not be fetched.
    #[error("the state could not be fetched: {reason}")]
    #[non_exhaustive]
    Failed {
        /// From whom, and what went wrong.
        reason: String,
    },
    /// Nodes that do without large state can't fetch it.
    #[error("this node has no way to reach RPC servers: give it one by with_client_config")]
    NoClient,
    /// The node has left its cluster.
    #[error(transparent)]
    Left(#[from] LeftError),
}

/// Any error of this crate, for those who do not tell them apart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// A configuration was refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A node could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A node is not a member yet.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// A tag could not be set.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// The state was not fetched.
    #[error(transparent)]
    Resync(#[from] ResyncError),
    /// No worker was selected.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The node has left its cluster.
    #[error(transparent)]
    Left(#[from] LeftError),
}

fn list(seeds: &[Seed]) -> String {
    let seeds: Vec<_> = seeds.iter().map(ToString::to_string).collect();
    seeds.join(", ")
}
