//! What reads from the network, each as a function of bytes that panics where a promise is broken.
//!
//! The targets of `fuzz/` call them with what the fuzzer makes up, and the tests beside them with what proptest does. Not
//! part of the public API: the feature `fuzzing` is for `fuzz/` alone.

pub use crate::{
    datagram::fuzzing::envelopes,
    membership::fuzzing::{bulk, packets},
};

/// Bytes that are read as a story: what happens next, and with what.
#[derive(Clone, Copy)]
pub(crate) struct Script<'a>(pub(crate) &'a [u8]);

impl<'a> Script<'a> {
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte, or nothing but zeros at the end.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    pub(crate) fn number(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// As many bytes as the next two say, or those that are left.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.number()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }
}
