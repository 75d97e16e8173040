//! What the world asks of a membership protocol.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::membership::Time;

/// One node of a membership protocol, without IO.
pub trait Protocol: Sized {
    /// What all nodes of a world have in common.
    type Config;

    /// Bytes on the wire for each datagram beside its payload: headers, and an envelope if it has one.
    const OVERHEAD_BYTES: usize;

    /// A node that has just started.
    fn spawn(config: &Self::Config, birth: &Birth<'_>) -> Self;

    /// A datagram came.
    fn handle_packet(&mut self, now: Time, from: usize, payload: &[u8]);

    /// Time passed.
    fn handle_timeout(&mut self, now: Time);

    /// When the node wants to be woken.
    fn poll_timeout(&self) -> Option<Time>;

    /// What the node wants done.
    fn poll_outgoing(&mut self) -> Option<Outgoing>;

    /// What the node has noticed.
    fn poll_observation(&mut self) -> Option<Observation>;

    /// A request over a reliable channel; the answer, if it has one.
    fn handle_bulk_request(&mut self, _now: Time, _payload: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// The answer to a request over a reliable channel; nothing if the other node could not be reached.
    fn handle_bulk_answer(&mut self, _now: Time, _id: u64, _answer: Option<&[u8]>) {}

    /// The nodes that count as members, this one not among them.
    fn members(&self) -> Vec<usize>;

    /// Publishes something about the node that all others must learn.
    fn publish(&mut self, _now: Time, _value: &str) {}

    /// Says goodbye.
    fn leave(&mut self, _now: Time) {}
}

/// How a node starts.
#[derive(Clone, Copy, Debug)]
pub struct Birth<'a> {
    /// Which node it is.
    pub index: usize,
    /// Which run of its process.
    pub generation: u64,
    /// What decides its choices.
    pub seed: u64,
    /// Its clock.
    pub now: Time,
    /// Whom it knows.
    pub known: Known<'a>,
}

/// Whom a node knows when it starts.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    /// The nodes below this number, in their first runs.
    Below(usize),
    /// Where to ask.
    Seeds(&'a [usize]),
}

/// What a node wants done.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// Send a datagram.
    Packet {
        /// Where to.
        to: usize,
        /// What.
        payload: Vec<u8>,
    },
    /// Ask over a reliable channel.
    Bulk {
        /// Whom.
        to: usize,
        /// Names the answer.
        id: u64,
        /// What.
        payload: Vec<u8>,
    },
}

/// What a node has noticed of another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Observation {
    Joined(usize),
    Suspected(usize),
    Recovered(usize),
    Failed(usize),
    Left(usize),
    Updated(usize),
    Parted { minority: Vec<usize>, majority: Vec<usize> },
    Healed,
    Welcomed,
    Gone,
    Displaced,
    Regenerated(u64),
    Resync,
}

/// The address of a node in the simulated network.
pub fn address_of(index: usize) -> SocketAddr {
    let [_, a, b, c] = (index as u32).to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, a, b, c)), 7947)
}

/// The node at an address of the simulated network.
pub fn index_of(address: SocketAddr) -> usize {
    match address.ip() {
        IpAddr::V4(ip) => (u32::from(ip) & 0x00ff_ffff) as usize,
        IpAddr::V6(_) => usize::MAX,
    }
}
