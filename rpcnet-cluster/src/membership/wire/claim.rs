//! What one node says about another.

use super::{
    super::{
        node::{INCARNATION_MAX, MemberState, NodeKey, Standing},
        record::Record,
    },
    Malformed, Reader, Writer,
};

/// What is said about a node. With its record, or, once everybody has that, in two dozen bytes without.
///
/// ```text
/// standing  key u64 | generation u48 | version varint | opinion
/// record    opinion | record
/// opinion   state u8 | incarnation varint | if suspect: phi u16, in tenths | count u8 | accuser u32 * count
/// ```
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claim {
    pub(crate) key: NodeKey,
    pub(crate) standing: Standing,
    /// The version of the node's record that whoever says this has.
    pub(crate) version: u32,
    /// How sure the accusers are: see [`super::super::phi`]. Nothing unless suspect.
    pub(crate) phi: f32,
    /// Who could not reach it. Nobody unless suspect.
    pub(crate) accusers: Accusers,
    pub(crate) record: Option<Record>,
}

/// Who accuses a node, independently of each other: a few short keys, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accusers {
    keys: [u32; ACCUSERS_MAX],
    count: u8,
}

/// The first accuser, and as many confirmations as shorten a suspicion.
const ACCUSERS_MAX: usize = 4;

impl Accusers {
    pub(crate) fn one(accuser: NodeKey) -> Self {
        let mut accusers = Self::default();
        accusers.add(accuser.short());
        accusers
    }

    /// Whether the accuser is a new one, and there was room.
    pub(crate) fn add(&mut self, accuser: u32) -> bool {
        if self.as_slice().contains(&accuser) || usize::from(self.count) == ACCUSERS_MAX {
            return false;
        }
        self.keys[usize::from(self.count)] = accuser;
        self.count += 1;
        true
    }

    /// Whether any of `others` is a new one.
    pub(crate) fn merge(&mut self, others: &Self) -> bool {
        others.as_slice().iter().fold(false, |new, accuser| self.add(*accuser) | new)
    }

    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.keys[..usize::from(self.count)]
    }

    pub(crate) fn contains(&self, accuser: NodeKey) -> bool {
        self.as_slice().contains(&accuser.short())
    }
}

impl Claim {
    pub(super) fn encode_standing(&self, writer: &mut Writer) {
        writer.u64(self.key.0);
        writer.u48(self.standing.generation);
        writer.varint(self.version.into());
        self.encode_opinion(writer);
    }

    pub(super) fn decode_standing(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let key = NodeKey(reader.u64()?);
        let generation = reader.u48()?;
        let version = reader.varint_u32()?;
        let (state, incarnation, phi, accusers) = decode_opinion(reader)?;
        let standing = Standing { generation, incarnation, state };
        Ok(Self { key, standing, version, phi, accusers, record: None })
    }

    pub(super) fn encode_record(&self, record: &Record, writer: &mut Writer) {
        self.encode_opinion(writer);
        record.encode(writer);
    }

    pub(super) fn decode_record(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (state, incarnation, phi, accusers) = decode_opinion(reader)?;
        let record = Record::decode(reader)?;
        let standing = Standing { generation: record.generation, incarnation, state };
        Ok(Self { key: record.id.key(), standing, version: record.version, phi, accusers, record: Some(record) })
    }

    fn encode_opinion(&self, writer: &mut Writer) {
        writer.u8(self.standing.state.byte());
        writer.varint(self.standing.incarnation.into());
        if self.standing.state == MemberState::Suspect {
            writer.u16((self.phi * 10.0).clamp(0.0, u16::MAX.into()) as u16);
            writer.u8(self.accusers.count);
            for accuser in self.accusers.as_slice() {
                writer.u32(*accuser);
            }
        }
    }
}

fn decode_opinion(reader: &mut Reader<'_>) -> Result<(MemberState, u32, f32, Accusers), Malformed> {
    let state = MemberState::from_byte(reader.u8()?).ok_or(Malformed)?;
    let incarnation = reader.varint_u32()?;
    if incarnation > INCARNATION_MAX {
        return Err(Malformed);
    }
    let (mut phi, mut accusers) = (0.0, Accusers::default());
    if state == MemberState::Suspect {
        phi = f32::from(reader.u16()?) / 10.0;
        for _ in 0..reader.u8()? {
            accusers.add(reader.u32()?);
        }
    }
    Ok((state, incarnation, phi, accusers))
}
