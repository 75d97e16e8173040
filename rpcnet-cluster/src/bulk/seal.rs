//! The envelope of bulk messages: only holders of the cluster key get state or give it.
//!
//! TLS keeps others from reading them, and tells who the server is; the cluster key tells who is a member.
//!
//! ```text
//! kind u8 | key u16 | salt, 16 random bytes | ... sealed under HKDF(cluster key, salt), AAD = label, head, context ... | tag
//! ```
//!
//! The context ties a message to what it answers: an answer to the salt of its request, a request to the ticket that
//! the server has just handed out. So an old answer fits no new request, and an old request no server that started
//! since.

use std::time::Duration;

use aws_lc_rs::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use crate::datagram::{BootKey, KeyId, Keyring};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Asks who the server is, and for a ticket.
    Hello,
    /// Who the server is, and a ticket.
    Welcome,
    /// What one core says to another.
    Request,
    /// What the other answers.
    Answer,
}

/// Tells one message from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Salt([u8; SALT_BYTES]);

/// Why a message was not opened or sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    #[error("it is no bulk message of this version")]
    Malformed,
    #[error("it is sealed with a key that this node lacks, or not sealed at all")]
    UnknownKey,
    #[error("it was forged, damaged, or made for another occasion")]
    Forged,
    #[error("the system gave no random bytes")]
    NoRandomness,
}

/// A message that was opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) salt: Salt,
    pub(super) body: Vec<u8>,
}

impl Salt {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Seals `body`; returns the message and its salt. Without a keyring it only gets a head.
pub(super) fn seal(
    keyring: Option<&Keyring>,
    kind: Kind,
    context: &[u8],
    body: &[u8],
) -> Result<(Vec<u8>, Salt), SealError> {
    let mut salt = [0; SALT_BYTES];
    SystemRandom::new().fill(&mut salt).map_err(|_| SealError::NoRandomness)?;
    let key_id = keyring.map_or(0, |keyring| keyring.in_use().to_bits());
    let mut message = Vec::with_capacity(HEAD_BYTES + body.len() + TAG_BYTES);
    message.push(kind.to_byte(keyring.is_some()));
    message.extend_from_slice(&key_id.to_be_bytes());
    message.extend_from_slice(&salt);
    message.extend_from_slice(body);
    if let Some(keyring) = keyring {
        let key = message_key(keyring, keyring.in_use(), &salt)?;
        let aad = aad(&message[..HEAD_BYTES], context);
        key.seal(0, &aad, HEAD_BYTES, &mut message);
    }
    Ok((message, Salt(salt)))
}

/// Opens a message that must be of this kind and context.
pub(super) fn open(keyring: Option<&Keyring>, kind: Kind, context: &[u8], message: &[u8]) -> Result<Opened, SealError> {
    let (head, sealed) = message.split_at_checked(HEAD_BYTES).ok_or(SealError::Malformed)?;
    if head[0] != kind.to_byte(true) && head[0] != kind.to_byte(false) {
        return Err(SealError::Malformed);
    }
    if head[0] != kind.to_byte(keyring.is_some()) {
        return Err(SealError::UnknownKey);
    }
    let salt: [u8; SALT_BYTES] = head[3..].try_into().map_err(|_| SealError::Malformed)?;
    let mut body = sealed.to_vec();
    if let Some(keyring) = keyring {
        let id = KeyId::from_bits(u16::from_be_bytes([head[1], head[2]]));
        let opened = message_key(keyring, id, &salt)?.open(0, &aad(head, context), &mut body).map(|body| body.len());
        body.truncate(opened.ok_or(SealError::Forged)?);
    }
    Ok(Opened { salt: Salt(salt), body })
}

/// Hands out tickets for requests, and knows them again without remembering any.
pub(super) struct Tickets {
    secret: hmac::Key,
}

impl Tickets {
    pub(super) fn new() -> Result<Self, SealError> {
        let secret = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Ok(Self { secret: secret.map_err(|_| SealError::NoRandomness)? })
    }

    /// The ticket to hand out now.
    pub(super) fn issue(&self, now: Duration) -> Vec<u8> {
        self.make(epoch(now))
    }

    /// The tickets that are accepted now: of this epoch and of the one before.
    pub(super) fn current(&self, now: Duration) -> [Vec<u8>; 2] {
        [self.make(epoch(now)), self.make(epoch(now).wrapping_sub(1))]
    }

    fn make(&self, epoch: u64) -> Vec<u8> {
        hmac::sign(&self.secret, &epoch.to_be_bytes()).as_ref()[..TICKET_BYTES].to_vec()
    }
}

impl Kind {
    fn to_byte(self, sealed: bool) -> u8 {
        let kind = match self {
            Self::Hello => 1,
            Self::Welcome => 2,
            Self::Request => 3,
            Self::Answer => 4,
        };
        VERSION << 4 | u8::from(sealed) << 3 | kind
    }
}

fn message_key(keyring: &Keyring, id: KeyId, salt: &[u8]) -> Result<BootKey, SealError> {
    keyring.bulk_key(id, salt).ok_or(SealError::UnknownKey)
}

fn aad(head: &[u8], context: &[u8]) -> Vec<u8> {
    [LABEL, head, context].concat()
}

fn epoch(now: Duration) -> u64 {
    now.as_secs() / EPOCH_SECONDS
}

const VERSION: u8 = 1;
const LABEL: &[u8] = b"rpcnet bulk";
const SALT_BYTES: usize = 16;
const HEAD_BYTES: usize = 1 + 2 + SALT_BYTES;
const TAG_BYTES: usize = 16;
pub(super) const TICKET_BYTES: usize = 16;
/// Longer than the deadline of an exchange.
const EPOCH_SECONDS: u64 = 30;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ClusterKey;

    fn ring(seed: u8) -> Keyring {
        Keyring::new(ClusterKey::from_bytes([seed; 32]))
    }

    #[test]
    fn a_message_opens_with_its_key_kind_and_context_alone() {
        let (message, salt) = seal(Some(&ring(1)), Kind::Request, b"ticket", b"state").expect("sealed");
        let open = |ring: Option<&Keyring>, kind, context: &[u8]| open(ring, kind, context, &message);
        assert_eq!(open(Some(&ring(1)), Kind::Request, b"ticket"), Ok(Opened { salt, body: b"state".to_vec() }));
        assert_eq!(open(Some(&ring(2)), Kind::Request, b"ticket"), Err(SealError::UnknownKey));
        assert_eq!(open(None, Kind::Request, b"ticket"), Err(SealError::UnknownKey));
        assert_eq!(open(Some(&ring(1)), Kind::Answer, b"ticket"), Err(SealError::Malformed));
        assert_eq!(open(Some(&ring(1)), Kind::Request, b"another"), Err(SealError::Forged));
    }

    #[test]
    fn without_keys_messages_are_plain_and_no_keyed_node_takes_them() {
        let (message, _) = seal(None, Kind::Hello, b"", b"hello").expect("random bytes");
        assert_eq!(open(None, Kind::Hello, b"", &message).map(|opened| opened.body), Ok(b"hello".to_vec()));
        assert_eq!(open(Some(&ring(1)), Kind::Hello, b"", &message), Err(SealError::UnknownKey));
    }

    #[test]
    fn a_ticket_is_good_for_this_server_and_a_while() {
        let (tickets, other) = (Tickets::new().expect("random"), Tickets::new().expect("random"));
        let ticket = tickets.issue(Duration::from_secs(100));
        assert!(tickets.current(Duration::from_secs(130)).contains(&ticket));
        assert!(!tickets.current(Duration::from_secs(160)).contains(&ticket));
        assert!(!other.current(Duration::from_secs(100)).contains(&ticket));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_and_damaged_messages_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), bit in 0_usize..400) {
            prop_assert!(open(Some(&ring(1)), Kind::Answer, b"", &bytes).is_err());
            let (mut message, _) = seal(Some(&ring(1)), Kind::Answer, b"", b"some state").expect("sealed");
            let bit = bit % (8 * message.len());
            message[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open(Some(&ring(1)), Kind::Answer, b"", &message).is_err());
        }
    }
}
