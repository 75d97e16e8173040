//! What a node publishes about itself.

use std::net::SocketAddr;

use super::{
    node::{GENERATION_MAX, NodeId},
    tags::Tags,
    wire::{Malformed, Reader, Writer},
};

/// What a node publishes about itself; everybody keeps the newest one of each node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The node's name.
    pub id: NodeId,
    /// Where it takes gossip (UDP).
    pub gossip_address: SocketAddr,
    /// Where it takes calls (QUIC).
    pub rpc_address: SocketAddr,
    /// Which run of its process this is: milliseconds since 1970 when it started, or one more than a generation that the
    /// cluster has already seen of it. Fits 48 bits.
    pub generation: u64,
    /// Counts the node's changes to this record within one generation.
    pub version: u32,
    /// It finishes what it does and wants no new work.
    pub draining: bool,
    /// Its own health check says that it works, but badly.
    pub degraded: bool,
    /// What it says about itself.
    pub tags: Tags,
    /// Fields of a newer version, passed on as they came.
    pub(crate) unknown: Box<[u8]>,
}

/// What a program says about its own node when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The node's name, the same after a restart.
    pub id: NodeId,
    /// Where other nodes reach this one by gossip.
    pub gossip_address: SocketAddr,
    /// Where other nodes reach this one by calls.
    pub rpc_address: SocketAddr,
    /// Milliseconds since 1970, or one more than the last one used if that was kept somewhere and is greater.
    /// If the cluster knows a greater one, the node takes one more than that ([`super::Event::GenerationChanged`]).
    pub generation: u64,
    /// Tags that it starts with.
    pub tags: Tags,
}

impl Record {
    pub(crate) fn of(identity: Identity) -> Self {
        Self {
            id: identity.id,
            gossip_address: identity.gossip_address,
            rpc_address: identity.rpc_address,
            generation: identity.generation.min(GENERATION_MAX),
            // Version 0 is for records that had to leave something out.
            version: 1,
            draining: false,
            degraded: false,
            tags: identity.tags,
            unknown: Box::default(),
        }
    }

    pub(crate) fn fits_a_datagram(&self) -> bool {
        self.tags.encoded_len() <= Tags::INLINE_BYTES_MAX
    }

    pub(crate) fn encode(&self, writer: &mut Writer) {
        writer.u8(self.id.as_str().len() as u8);
        writer.raw(self.id.as_str().as_bytes());
        writer.address(self.gossip_address);
        writer.address(self.rpc_address);
        writer.u48(self.generation);
        writer.varint(self.version.into());
        writer.u8((u8::from(self.draining) * DRAINING) | (u8::from(self.degraded) * DEGRADED));
        writer.bytes(self.tags.as_bytes());
        writer.raw(&self.unknown);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let length = usize::from(reader.u8()?);
        let name = str::from_utf8(reader.take(length)?).map_err(|_| Malformed)?;
        let id = NodeId::new(name).map_err(|_| Malformed)?;
        let gossip_address = reader.address()?;
        let rpc_address = reader.address()?;
        let generation = reader.u48()?;
        let version = reader.varint_u32()?;
        let flags = reader.u8()?;
        let tags = Tags::decode(reader.bytes()?)?;
        let unknown = reader.rest();
        if unknown.len() > UNKNOWN_BYTES_MAX {
            return Err(Malformed);
        }
        Ok(Self {
            id,
            gossip_address,
            rpc_address,
            generation,
            version,
            draining: flags & DRAINING != 0,
            degraded: flags & DEGRADED != 0,
            tags,
            unknown: unknown.into(),
        })
    }
}

const DRAINING: u8 = 1;
const DEGRADED: u8 = 2;

/// The largest claim with a record: name, two IPv6 addresses, numbers, tags, what later versions add, and who accuses it.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) const RECORD_BYTES_MAX: usize = 1 + 64 + 2 * 19 + 6 + 5 + 1 + 3 + Tags::BYTES_MAX + UNKNOWN_BYTES_MAX + 32;

/// Room for what later versions add, in bytes. Beyond it they need a version that this one refuses.
const UNKNOWN_BYTES_MAX: usize = 256;
