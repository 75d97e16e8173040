//! A cluster in one process: a virtual clock, one seed, and a network that does what it is told.
//!
//! Nothing here sleeps and nothing is random but what the seed decides, so equal seeds give equal traces, to the byte. What
//! runs in it is any [`Protocol`]: the membership core as it ships, the same core as plain SWIM, or another library's.
//!
//! - [`World`] keeps the events, the nodes and their clocks;
//! - [`Network`] says what becomes of each datagram;
//! - [`scenarios`] are what a cluster goes through, and what is measured meanwhile;
//! - [`balance`] is another world, of callers and workers: what balancing is worth;
//! - a [`StandIn`] is a member on a real socket that costs next to nothing, for measuring the real driver.
//!
//! Not part of the crate's interface: it may change in any release.

pub mod balance;
mod core;
mod network;
mod protocol;
mod quantiles;
pub mod scenarios;
#[cfg(test)]
mod sealed;
mod stand_in;
mod world;

pub use self::{
    core::{Core, CoreConfig, node_id},
    network::{Burst, Link, Network},
    protocol::{Birth, Known, Observation, Outgoing, Protocol, address_of, index_of},
    quantiles::Quantiles,
    stand_in::StandIn,
    world::{Observed, Traffic, World},
};
