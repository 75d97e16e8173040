//! The gossip protocol as bytes: what lies inside the datagram layer's envelope, and what the bulk channel carries.
//!
//! ```text
//! packet   version u8 | kind u8 | sender's key u64 | sender's generation u48 | by kind | section*
//! Ping     nonce u32 | digest u64             Ack      nonce u32 | digest u64
//! Request  nonce u32 | target u64 | address   Nack     nonce u32
//! Relayed  nonce u32                          Gossip   -
//! Join     -                                  Welcome  -
//! section  kind u8 | length varint | bytes
//! address  4 or 6 u8 | octets | port u16
//! ```
//!
//! The version byte says in its upper half the oldest version that can read the packet, in its lower half the one that
//! wrote it. A new version adds sections, and fields at the end of sections; readers skip what they do not know, and
//! pass on what they do not know of a record. Everything a decoder allocates is bounded by the bytes it was given.

mod bulk;
mod claim;
mod fields;
mod packet;

pub use bulk::BULK_BYTES_MAX;
pub(crate) use bulk::Bulk;
pub(crate) use claim::{Accusers, Claim};
pub(crate) use fields::{Malformed, Reader, Writer};
pub(crate) use packet::{Message, Packet, PacketWriter, Section};

/// Version that this code writes.
const VERSION: u8 = 1;

/// The oldest version that can read what this code writes.
const READABLE_SINCE: u8 = 1;

fn put_version(writer: &mut Writer) {
    writer.u8(READABLE_SINCE << 4 | VERSION);
}

fn read_version(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    if reader.u8()? >> 4 <= VERSION { Ok(()) } else { Err(Malformed) }
}
