//! A boot: one run of one node, and the key that seals what it sends.

use std::fmt;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// Names one run of one node: drawn at random at each start.
///
/// Counters start from zero with it, so two runs must never share one. 64 bits of chance: after a million starts under
/// one cluster key, two of them are equal with a probability of 3 in 100 million.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BootId([u8; BOOT_BYTES]);

impl BootId {
    /// From random bytes.
    pub(crate) fn from_bytes(bytes: [u8; BOOT_BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; BOOT_BYTES] {
        &self.0
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// What seals and opens the datagrams of one boot: derived from a cluster key and a boot id.
#[derive(Clone)]
pub(crate) struct BootKey([u8; KEY_BYTES]);

impl BootKey {
    pub(crate) fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Seals `buffer[start..]` in place and appends the tag. A counter must never be used twice with one key.
    pub(crate) fn seal(&self, counter: u64, aad: &[u8], start: usize, buffer: &mut Vec<u8>) {
        let sealed = self.cipher().seal_in_place_separate_tag(nonce(counter), Aad::from(aad), &mut buffer[start..]);
        // Fails for messages of many gigabytes alone.
        debug_assert!(sealed.is_ok(), "a datagram is small");
        if let Ok(tag) = sealed {
            buffer.extend_from_slice(tag.as_ref());
        }
    }

    /// Opens in place what [`Self::seal`] has sealed; `None` if any bit of it, or of `aad`, is another.
    pub(crate) fn open<'a>(&self, counter: u64, aad: &[u8], sealed: &'a mut [u8]) -> Option<&'a mut [u8]> {
        self.cipher().open_in_place(nonce(counter), Aad::from(aad), sealed).ok()
    }

    /// Made anew for each use: ChaCha20 has no key schedule, and the library's own state is 20 times the key's size.
    fn cipher(&self) -> LessSafeKey {
        match UnboundKey::new(&CHACHA20_POLY1305, &self.0) {
            Ok(key) => LessSafeKey::new(key),
            Err(_) => unreachable!("the key has the length that the algorithm asks for"),
        }
    }
}

impl fmt::Debug for BootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BootKey")
    }
}

fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

pub(crate) const BOOT_BYTES: usize = 8;
pub(crate) const KEY_BYTES: usize = 32;
