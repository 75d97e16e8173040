//! Cluster keys, and the ring of those that a node accepts.

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
    rand::{SecureRandom, SystemRandom},
};

use super::boot::{BootId, BootKey, KEY_BYTES};

/// The secret that the nodes of one cluster share: 32 random bytes.
///
/// Whoever has it is a member as far as gossip goes. It is written as 64 hexadecimal digits, such as
/// `openssl rand -hex 32` prints. A password is no key: it can be guessed from one captured datagram.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterKey([u8; KEY_BYTES]);

/// Names a key on the wire and in logs without telling it: two bytes derived from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u16);

/// The keys that a node opens with, and the one that it seals with.
///
/// A key is changed in three steps, each on every node before the next: [`install`](Self::install) the new one,
/// [`use_key`](Self::use_key) it, [`remove`](Self::remove) the old one. At no moment does one node send what another
/// can't open.
#[derive(Clone)]
pub struct Keyring {
    /// Never empty; the first is the one in use.
    keys: Vec<Ring>,
}

/// Why a keyring was not changed. It is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The ring is full.
    #[error("the keyring holds {KEYS_MAX} keys already: remove those that no node seals with any more")]
    Full,
    /// Another key has the same id.
    #[error("another key of the ring has the id {0:?} by chance: generate a new key")]
    SameId(KeyId),
    /// The key is not in the ring.
    #[error("no key of the ring has the id {0:?}: install it first")]
    Unknown(KeyId),
    /// The key is in use.
    #[error("the key {0:?} is in use: let the node use another one first")]
    InUse(KeyId),
    /// The node was started without a key.
    #[error("this node gossips without a key: give it one in its configuration and start it again")]
    NoKeyring,
}

/// A key with what is derived from it once.
#[derive(Clone)]
struct Ring {
    id: KeyId,
    key: ClusterKey,
    prk: Prk,
}

impl ClusterKey {
    /// A key from 32 bytes of a source of good randomness.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// A new key from the system's source of randomness.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub fn generate() -> Result<Self, std::io::Error> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| std::io::Error::other("the system gave no random bytes"))?;
        Ok(Self(bytes))
    }

    /// What names the key.
    pub fn id(&self) -> KeyId {
        let mut id = [0; 2];
        expand(&self.prk(), &[LABEL_ID], &mut id);
        KeyId(u16::from_be_bytes(id))
    }

    /// The 64 hexadecimal digits that [`FromStr`] reads. They are the secret itself.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn prk(&self) -> Prk {
        Salt::new(HKDF_SHA256, LABEL_SALT).extract(&self.0)
    }
}

impl FromStr for ClusterKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        let text = text.trim();
        let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
        match digits {
            Some(digits) if digits.len() == 2 * KEY_BYTES => {
                let mut bytes = [0; KEY_BYTES];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    *byte = pair[0] << 4 | pair[1];
                }
                Ok(Self(bytes))
            }
            _ => Err(ParseKeyError { characters: text.chars().count() }),
        }
    }
}

/// A text is no [`ClusterKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a cluster key is written as 64 hexadecimal digits, and this is {characters} characters: make one with `openssl rand -hex 32`"
)]
#[non_exhaustive]
pub struct ParseKeyError {
    /// How long the text was. The text itself may be a secret.
    pub characters: usize,
}

impl Keyring {
    /// A ring of one key, which is in use.
    pub fn new(key: ClusterKey) -> Self {
        Self { keys: vec![Ring::new(key)] }
    }

    /// Accepts what `key` has sealed, from now on. Installing a key twice does no more than installing it once.
    ///
    /// # Errors
    ///
    /// [`KeyringError::Full`] and [`KeyringError::SameId`].
    pub fn install(&mut self, key: ClusterKey) -> Result<KeyId, KeyringError> {
        let new = Ring::new(key);
        let id = new.id;
        match self.keys.iter().find(|ring| ring.id == id) {
            Some(ring) if ring.key == new.key => return Ok(id),
            Some(_) => return Err(KeyringError::SameId(id)),
            None if self.keys.len() >= KEYS_MAX => return Err(KeyringError::Full),
            None => self.keys.push(new),
        }
        Ok(id)
    }

    /// Seals with this key from now on. Do it once every node has installed it.
    ///
    /// # Errors
    ///
    /// [`KeyringError::Unknown`].
    pub fn use_key(&mut self, id: KeyId) -> Result<(), KeyringError> {
        let index = self.position(id)?;
        self.keys.swap(0, index);
        Ok(())
    }

    /// Refuses what this key has sealed, from now on. Do it once every node uses another one.
    ///
    /// # Errors
    ///
    /// [`KeyringError::Unknown`] and [`KeyringError::InUse`].
    pub fn remove(&mut self, id: KeyId) -> Result<(), KeyringError> {
        match self.position(id)? {
            0 => Err(KeyringError::InUse(id)),
            index => {
                self.keys.remove(index);
                Ok(())
            }
        }
    }

    /// The key that the node seals with.
    pub fn in_use(&self) -> KeyId {
        self.keys[0].id
    }

    /// All keys that the node opens with; the one in use comes first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys.iter().map(|ring| ring.id).collect()
    }

    pub(crate) fn holds(&self, id: KeyId) -> bool {
        self.position(id).is_ok()
    }

    /// The key for the datagrams of one boot; `None` if the ring lacks the cluster key.
    pub(crate) fn boot_key(&self, id: KeyId, boot: BootId) -> Option<BootKey> {
        self.derive(id, &[LABEL_BOOT, boot.as_bytes()])
    }

    /// A key for one bulk message, told apart by `salt`.
    pub(crate) fn bulk_key(&self, id: KeyId, salt: &[u8]) -> Option<BootKey> {
        self.derive(id, &[LABEL_BULK, salt])
    }

    fn derive(&self, id: KeyId, info: &[&[u8]]) -> Option<BootKey> {
        let ring = self.keys.iter().find(|ring| ring.id == id)?;
        let mut key = [0; KEY_BYTES];
        expand(&ring.prk, info, &mut key);
        Some(BootKey::new(key))
    }

    fn position(&self, id: KeyId) -> Result<usize, KeyringError> {
        self.keys.iter().position(|ring| ring.id == id).ok_or(KeyringError::Unknown(id))
    }
}

impl KeyId {
    pub(crate) fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(crate) fn to_bits(self) -> u16 {
        self.0
    }
}

impl Ring {
    fn new(key: ClusterKey) -> Self {
        Self { id: key.id(), prk: key.prk(), key }
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClusterKey").field(&self.id()).finish()
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyring").field(&self.ids()).finish()
    }
}

/// Fills `out` with what HKDF derives from `prk` and `info`.
fn expand(prk: &Prk, info: &[&[u8]], out: &mut [u8]) {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let filled = prk.expand(info, Length(out.len())).and_then(|okm| okm.fill(out));
    debug_assert!(filled.is_ok(), "HKDF gives up to 255 blocks");
}

/// Two suffice for a rotation; a few more let one be cancelled and begun anew.
const KEYS_MAX: usize = 8;
const LABEL_SALT: &[u8] = b"rpcnet cluster v1";
const LABEL_ID: &[u8] = b"key id";
const LABEL_BOOT: &[u8] = b"gossip boot";
const LABEL_BULK: &[u8] = b"bulk message";

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> ClusterKey {
        ClusterKey::from_bytes([seed; KEY_BYTES])
    }

    #[test]
    fn a_key_goes_to_text_and_back_and_is_told_by_no_debug_output() {
        let key = key(0xab);
        assert_eq!(key.to_hex().parse(), Ok(key.clone()));
        assert!(!format!("{key:?}").contains("abab"), "{key:?}");
        let error = "password".parse::<ClusterKey>().expect_err("no key");
        assert!(error.to_string().contains("64 hexadecimal digits, and this is 8 characters"), "{error}");
    }

    #[test]
    fn a_rotation_goes_install_use_remove() {
        let mut ring = Keyring::new(key(1));
        let (old, new) = (key(1).id(), ring.install(key(2)).expect("there is room"));
        assert_eq!(ring.in_use(), old);
        ring.use_key(new).expect("it is installed");
        assert_eq!(ring.in_use(), new);
        assert_eq!(ring.remove(new), Err(KeyringError::InUse(new)));
        ring.remove(old).expect("nobody uses it");
        assert_eq!(ring.ids(), [new]);
        assert_eq!(ring.use_key(old), Err(KeyringError::Unknown(old)));
    }

    #[test]
    fn a_ring_has_a_bounded_number_of_keys() {
        let mut ring = Keyring::new(key(0));
        for seed in 1..KEYS_MAX as u8 {
            ring.install(key(seed)).expect("there is room");
        }
        assert_eq!(ring.install(key(99)), Err(KeyringError::Full));
        ring.install(key(3)).expect("it is in the ring already");
    }
}
