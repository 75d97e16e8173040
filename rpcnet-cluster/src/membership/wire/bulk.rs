//! What goes over the bulk channel: whole views and their differences.

use super::{super::node::NodeKey, Claim, Malformed, Reader, Section, Writer, put_version, read_version};

/// The largest request or answer, in bytes: 65,000 records of 250 bytes.
pub const BULK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One request or answer on the bulk channel.
///
/// ```text
/// bulk      version u8 | kind u8 | by kind | section*
/// Snapshot  -                       asks for everything; the asker's record among the sections
/// Digests   count u16 | u64 * count the asker's buckets; answered with the claims of those that differ
/// Exchange  count varint | u64 * count  claims that the other lacks as sections, and nodes whose records the asker wants
/// Claims    count varint | u32 * count  an answer; which buckets it is about, if it answers Digests
/// ```
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bulk {
    Snapshot { claims: Vec<Claim> },
    Digests { digests: Vec<u64> },
    Exchange { wanted: Vec<NodeKey>, claims: Vec<Claim> },
    Claims { buckets: Vec<u32>, claims: Vec<Claim> },
}

impl Bulk {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        put_version(&mut writer);
        let claims: &[Claim] = match self {
            Self::Snapshot { claims } => {
                writer.u8(1);
                claims
            }
            Self::Digests { digests } => {
                writer.u8(2);
                writer.u16(digests.len() as u16);
                digests.iter().for_each(|digest| writer.u64(*digest));
                &[]
            }
            Self::Exchange { wanted, claims } => {
                writer.u8(3);
                writer.varint(wanted.len() as u64);
                wanted.iter().for_each(|key| writer.u64(key.0));
                claims
            }
            Self::Claims { buckets, claims } => {
                writer.u8(4);
                writer.varint(buckets.len() as u64);
                buckets.iter().for_each(|bucket| writer.u32(*bucket));
                claims
            }
        };
        for claim in claims {
            Section::Claim(claim.clone()).encode(&mut writer);
        }
        writer.finish()
    }

    /// Reads all of it, or nothing.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > BULK_BYTES_MAX {
            return Err(Malformed);
        }
        let mut reader = Reader::new(bytes);
        read_version(&mut reader)?;
        // Each list grows by what was read, never by what a count promises.
        Ok(match reader.u8()? {
            1 => Self::Snapshot { claims: claims(&mut reader)? },
            2 => {
                let count = reader.u16()?;
                Self::Digests { digests: (0..count).map(|_| reader.u64()).collect::<Result<_, _>>()? }
            }
            3 => {
                let count = reader.varint()?;
                let wanted = (0..count).map(|_| reader.u64().map(NodeKey)).collect::<Result<_, _>>()?;
                Self::Exchange { wanted, claims: claims(&mut reader)? }
            }
            4 => {
                let count = reader.varint()?;
                let buckets = (0..count).map(|_| reader.u32()).collect::<Result<_, _>>()?;
                Self::Claims { buckets, claims: claims(&mut reader)? }
            }
            _ => return Err(Malformed),
        })
    }
}

fn claims(reader: &mut Reader<'_>) -> Result<Vec<Claim>, Malformed> {
    let mut claims = Vec::new();
    while !reader.is_empty() {
        if let Section::Claim(claim) = Section::decode(reader)? {
            claims.push(claim);
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{
        super::super::node::{MemberState, Standing},
        *,
    };

    fn claim(key: u64) -> Claim {
        let standing = Standing { generation: 1, incarnation: 2, state: MemberState::Failed };
        Claim::bare(NodeKey(key), standing, 3)
    }

    fn survives(bulk: &Bulk) {
        assert_eq!(Bulk::decode(&bulk.encode()).as_ref(), Ok(bulk));
    }

    #[test]
    fn requests_and_answers_survive_the_wire() {
        survives(&Bulk::Snapshot { claims: vec![claim(1)] });
        survives(&Bulk::Digests { digests: vec![1, 2, u64::MAX] });
        survives(&Bulk::Exchange { wanted: vec![NodeKey(9)], claims: vec![claim(1), claim(2)] });
        survives(&Bulk::Claims { buckets: vec![3], claims: vec![claim(4)] });
    }

    #[test]
    fn a_count_that_promises_more_than_there_is_allocates_nothing() {
        assert_eq!(Bulk::decode(&[0x11, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_read_or_refused_but_never_worse(mut bytes in vec(any::<u8>(), 2..500), kind in 1..5u8) {
            let _ = Bulk::decode(&bytes);
            bytes[0] = 0x11;
            bytes[1] = kind;
            let _ = Bulk::decode(&bytes);
        }
    }
}
