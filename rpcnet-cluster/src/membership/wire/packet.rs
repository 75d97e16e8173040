//! One datagram's payload.

use std::net::SocketAddr;

use super::{
    super::node::{NodeKey, Standing},
    Claim, Malformed, Reader, Writer, put_version, read_version,
};

/// A payload, read: who sent it, what it wants, and what else it carries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Packet {
    pub(crate) sender: NodeKey,
    pub(crate) generation: u64,
    pub(crate) message: Message,
    pub(crate) sections: Vec<Section>,
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Are you there? Answered with an Ack of the same nonce.
    Ping { nonce: u32, digest: u64 },
    /// I am, and this is the digest of what I know.
    Ack { nonce: u32, digest: u64 },
    /// I cannot reach it; can you?
    Request { nonce: u32, target: NodeKey, address: SocketAddr },
    /// I am here, but cannot reach it either, so far.
    Nack { nonce: u32 },
    /// It answered me.
    Relayed { nonce: u32 },
    /// Nothing but sections.
    Gossip,
    /// Take me in; my record is among the sections. Answered with a Welcome.
    Join,
    /// You are in; my record, and those of some others, are among the sections.
    Welcome,
}

/// What travels with a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Section {
    /// What the sender says about a node.
    Claim(Claim),
    /// I do not know you: tell me your record.
    Introduce,
    /// The address that your packet came from.
    Observed(SocketAddr),
    /// From a later version.
    Unknown,
}

impl Packet {
    /// Reads a whole payload, or nothing of it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        read_version(&mut reader)?;
        let kind = reader.u8()?;
        let sender = NodeKey(reader.u64()?);
        let generation = reader.u48()?;
        let message = Message::decode(kind, &mut reader)?;
        let mut sections = Vec::new();
        while !reader.is_empty() {
            sections.push(Section::decode(&mut reader)?);
        }
        Ok(Self { sender, generation, message, sections })
    }
}

impl Message {
    fn decode(kind: u8, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match kind {
            1 => Self::Ping { nonce: reader.u32()?, digest: reader.u64()? },
            2 => Self::Ack { nonce: reader.u32()?, digest: reader.u64()? },
            3 => Self::Request { nonce: reader.u32()?, target: NodeKey(reader.u64()?), address: reader.address()? },
            4 => Self::Nack { nonce: reader.u32()? },
            5 => Self::Relayed { nonce: reader.u32()? },
            6 => Self::Gossip,
            7 => Self::Join,
            8 => Self::Welcome,
            _ => return Err(Malformed),
        })
    }

    fn encode(self, sender: NodeKey, generation: u64, writer: &mut Writer) {
        let mut head = |kind: u8| {
            put_version(writer);
            writer.u8(kind);
            writer.u64(sender.0);
            writer.u48(generation);
        };
        match self {
            Self::Ping { .. } => head(1),
            Self::Ack { .. } => head(2),
            Self::Request { .. } => head(3),
            Self::Nack { .. } => head(4),
            Self::Relayed { .. } => head(5),
            Self::Gossip => head(6),
            Self::Join => head(7),
            Self::Welcome => head(8),
        }
        match self {
            Self::Ping { nonce, digest } | Self::Ack { nonce, digest } => {
                writer.u32(nonce);
                writer.u64(digest);
            }
            Self::Request { nonce, target, address } => {
                writer.u32(nonce);
                writer.u64(target.0);
                writer.address(address);
            }
            Self::Nack { nonce } | Self::Relayed { nonce } => writer.u32(nonce),
            Self::Gossip | Self::Join | Self::Welcome => {}
        }
    }
}

const STANDING: u8 = 1;
const RECORD: u8 = 2;
const INTRODUCE: u8 = 3;
const OBSERVED: u8 = 4;

impl Section {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let kind = reader.u8()?;
        let mut body = Reader::new(reader.bytes()?);
        Ok(match kind {
            STANDING => Self::Claim(Claim::decode_standing(&mut body)?),
            RECORD => Self::Claim(Claim::decode_record(&mut body)?),
            INTRODUCE => Self::Introduce,
            OBSERVED => Self::Observed(body.address()?),
            _ => Self::Unknown,
        })
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        let mut body = Writer::default();
        let kind = match self {
            Self::Claim(claim) => match &claim.record {
                Some(record) => {
                    claim.encode_record(record, &mut body);
                    RECORD
                }
                None => {
                    claim.encode_standing(&mut body);
                    STANDING
                }
            },
            Self::Introduce => INTRODUCE,
            Self::Observed(address) => {
                body.address(*address);
                OBSERVED
            }
            Self::Unknown => return,
        };
        writer.u8(kind);
        writer.bytes(&body.finish());
    }
}

/// A payload under construction, within a limit.
#[derive(Debug)]
pub(crate) struct PacketWriter {
    writer: Writer,
    bytes_max: usize,
}

impl PacketWriter {
    pub(crate) fn new(sender: NodeKey, generation: u64, message: Message, bytes_max: usize) -> Self {
        let mut writer = Writer::with_capacity(64);
        message.encode(sender, generation, &mut writer);
        Self { writer, bytes_max }
    }

    /// Adds a section, unless there is no room for it.
    pub(crate) fn add(&mut self, section: &Section) -> bool {
        let before = self.writer.len();
        section.encode(&mut self.writer);
        let fits = self.writer.len() <= self.bytes_max;
        if !fits {
            self.writer.truncate(before);
        }
        fits
    }

    /// Whether not even the smallest claim would fit any more.
    pub(crate) fn is_full(&self) -> bool {
        self.writer.len() + SMALLEST_CLAIM_BYTES > self.bytes_max
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.writer.finish()
    }
}

/// A standing with one-byte varints, and its section's head.
const SMALLEST_CLAIM_BYTES: usize = 2 + 8 + 6 + 1 + 1 + 1;

impl Claim {
    /// What `standing` says in public about a node whose record everybody has.
    pub(crate) fn bare(key: NodeKey, standing: Standing, version: u32) -> Self {
        Self { key, standing, version, phi: 0.0, accusers: super::Accusers::default(), record: None }
    }
}

#[cfg(test)]
mod tests;
