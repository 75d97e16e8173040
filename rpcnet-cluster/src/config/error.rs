//! Why a cluster configuration was refused.

use std::net::SocketAddr;

/// Why a [`ClusterConfig`](crate::ClusterConfig) was refused: which setting, why, and what to do. Nothing was started.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The node's name can't be one.
    #[error("with_node_id: `{given}` has {} bytes, and a name has 1 to 64: choose another", given.len())]
    #[non_exhaustive]
    NodeId {
        /// The name as given.
        given: String,
    },

    /// An address cannot be understood.
    #[error(
        "{setting}: `{given}` is no socket address: give an IP address and a port such as `10.0.0.7:7946` or `[::1]:0`"
    )]
    #[non_exhaustive]
    NoAddress {
        /// The builder's method.
        setting: &'static str,
        /// The address as given.
        given: String,
    },

    /// Nobody could reach the node at the address that it would tell.
    #[error("{setting}: {addr} {reason}")]
    #[non_exhaustive]
    Unreachable {
        /// The builder's method.
        setting: &'static str,
        /// The address.
        addr: SocketAddr,
        /// Why, and what to do.
        reason: &'static str,
    },

    /// Gossip would leave this machine unprotected.
    #[error(
        "{setting}: {addr} is reachable from other machines, and without a key anybody there could join and change this cluster: give every node the same key by with_key (make one with `openssl rand -hex 32`), or stay on 127.0.0.1 or [::1]"
    )]
    #[non_exhaustive]
    NoKey {
        /// The builder's method.
        setting: &'static str,
        /// The address.
        addr: SocketAddr,
    },

    /// A seed is no address.
    #[error(
        "with_seeds: `{given}` {reason}: give `host:port` with a node's RPC port, or `gossip://host:port` with its gossip port"
    )]
    #[non_exhaustive]
    Seed {
        /// The seed as given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A tag can't be set.
    #[error("with_tag: `{name}`: {reason}")]
    #[non_exhaustive]
    Tag {
        /// The tag's name.
        name: String,
        /// Why not.
        reason: String,
    },

    /// A setting is outside its legal range.
    #[error("{setting}: {given} is out of range: give {legal}")]
    #[non_exhaustive]
    OutOfRange {
        /// The builder's method.
        setting: &'static str,
        /// The value as given.
        given: String,
        /// The legal range, in words.
        legal: String,
    },

    /// Two settings contradict each other.
    #[error("{setting}: {reason}")]
    #[non_exhaustive]
    Conflict {
        /// The builder's method.
        setting: &'static str,
        /// What it contradicts, and what to do.
        reason: String,
    },
}

impl From<std::convert::Infallible> for ConfigError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
