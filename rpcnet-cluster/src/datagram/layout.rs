//! The bytes around a sealed payload. `mod.rs` draws them.

use super::{
    boot::{BOOT_BYTES, BootId},
    keyring::KeyId,
    ticket::TICKET_BYTES,
};

/// What kind of envelope a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not sealed: between nodes of one machine that have no key.
    Plain,
    /// Sealed by a sender that has no ticket of the receiver: padding alone, as long as a challenge.
    Cold,
    /// Sealed: ticket, payload.
    Warm,
    /// Sealed: ticket, the ticket that the receiver shall use in turn, payload.
    Introduction,
    /// Sealed: a ticket for the addressee, the counter of the datagram that it answers.
    Challenge,
}

/// The head of a sealed datagram, in the clear and authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) key: KeyId,
    pub(crate) boot: BootId,
    pub(crate) counter: u64,
}

impl Kind {
    /// The kind that the first byte tells, if this version knows it.
    pub(crate) fn of(datagram: &[u8]) -> Option<Self> {
        let first = *datagram.first()?;
        KINDS.into_iter().find(|kind| kind.to_byte() == first)
    }

    pub(crate) fn to_byte(self) -> u8 {
        VERSION << 4
            | match self {
                Self::Plain => 0,
                Self::Cold => 1,
                Self::Warm => 2,
                Self::Introduction => 3,
                Self::Challenge => 4,
            }
    }
}

impl Head {
    /// Reads a head; `None` if the datagram is too short to be sealed.
    pub(crate) fn decode(kind: Kind, datagram: &[u8]) -> Option<Self> {
        if datagram.len() < HEAD_BYTES + TAG_BYTES {
            return None;
        }
        let (_, rest) = datagram.split_first()?;
        let (key, rest) = rest.split_first_chunk::<2>()?;
        let (boot, rest) = rest.split_first_chunk::<BOOT_BYTES>()?;
        let (counter, _) = rest.split_first_chunk::<COUNTER_BYTES>()?;
        let key = KeyId::from_bits(u16::from_be_bytes(*key));
        Some(Self { kind, key, boot: BootId::from_bytes(*boot), counter: read_counter(counter) })
    }

    pub(crate) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[0] = self.kind.to_byte();
        bytes[1..3].copy_from_slice(&self.key.to_bits().to_be_bytes());
        bytes[3..11].copy_from_slice(self.boot.as_bytes());
        bytes[11..].copy_from_slice(&write_counter(self.counter));
        bytes
    }

    /// What the seal vouches for besides the sealed bytes. A challenge names whom it is for.
    pub(crate) fn aad(&self, addressee: Option<BootId>) -> Aad {
        let mut bytes = [0; AAD_BYTES_MAX];
        bytes[..LABEL.len()].copy_from_slice(LABEL);
        bytes[LABEL.len()..][..HEAD_BYTES].copy_from_slice(&self.encode());
        let mut length = LABEL.len() + HEAD_BYTES;
        if let Some(boot) = addressee {
            bytes[length..][..BOOT_BYTES].copy_from_slice(boot.as_bytes());
            length += BOOT_BYTES;
        }
        Aad { bytes, length }
    }
}

/// Associated data, on the stack.
pub(crate) struct Aad {
    bytes: [u8; AAD_BYTES_MAX],
    length: usize,
}

impl Aad {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

pub(crate) fn read_counter(bytes: &[u8; COUNTER_BYTES]) -> u64 {
    bytes.iter().fold(0, |counter, byte| counter << 8 | u64::from(*byte))
}

pub(crate) fn write_counter(counter: u64) -> [u8; COUNTER_BYTES] {
    let [_, _, _, bytes @ ..] = counter.to_be_bytes();
    bytes
}

const VERSION: u8 = 1;
const KINDS: [Kind; 5] = [Kind::Plain, Kind::Cold, Kind::Warm, Kind::Introduction, Kind::Challenge];
const LABEL: &[u8] = b"rpcnet gossip";
const AAD_BYTES_MAX: usize = LABEL.len() + HEAD_BYTES + BOOT_BYTES;

pub(crate) const COUNTER_BYTES: usize = 5;
/// At a thousand datagrams a second they last for 34 years.
pub(crate) const COUNTER_MAX: u64 = (1 << (8 * COUNTER_BYTES)) - 1;
pub(crate) const HEAD_BYTES: usize = 1 + 2 + BOOT_BYTES + COUNTER_BYTES;
pub(crate) const TAG_BYTES: usize = 16;
pub(crate) const CHALLENGE_BYTES: usize = HEAD_BYTES + TICKET_BYTES + COUNTER_BYTES + TAG_BYTES;

/// What a network takes everywhere: IPv6 guarantees packets of 1280 bytes.
pub(crate) const DATAGRAM_BYTES_MAX: usize = 1200;
/// What is left for the payload in the largest envelope.
pub(crate) const PAYLOAD_BYTES_MAX: usize = DATAGRAM_BYTES_MAX - HEAD_BYTES - 2 * TICKET_BYTES - TAG_BYTES;

const _: () = assert!(HEAD_BYTES + TICKET_BYTES + TAG_BYTES <= 40, "what every envelope costs");
