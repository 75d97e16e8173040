//! Buffers to encode into, reused by the thread that encodes.

use std::{cell::Cell, mem};

use bytes::Bytes;

/// A buffer that goes back to its thread when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) bytes: Vec<u8>,
}

impl Scratch {
    /// An empty buffer, with room from an earlier use if this thread has one.
    pub(crate) fn take() -> Self {
        // One is enough: a buffer is filled and appended before the next one is taken.
        Self { bytes: SPARE.take() }
    }

    /// The content as shared bytes, without a copy. The buffer does not go back.
    pub(crate) fn freeze(mut self) -> Bytes {
        mem::take(&mut self.bytes).into()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if (1..=KEPT_BYTES_MAX).contains(&self.bytes.capacity()) {
            self.bytes.clear();
            // A thread that is ending has no place left for it, and needs none.
            let _ = SPARE.try_with(|spare| spare.set(mem::take(&mut self.bytes)));
        }
    }
}

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Larger buffers are freed, so that one large message does not pin memory for ever.
const KEPT_BYTES_MAX: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_reused_empty() {
        let mut scratch = Scratch::take();
        scratch.bytes.extend([1; 1000]);
        let place = scratch.bytes.as_ptr();
        drop(scratch);
        let again = Scratch::take();
        assert!(again.bytes.is_empty());
        assert_eq!(again.bytes.as_ptr(), place);
    }

    #[test]
    fn a_huge_buffer_is_not_kept() {
        let mut scratch = Scratch::take();
        scratch.bytes.reserve(KEPT_BYTES_MAX + 1);
        drop(scratch);
        assert_eq!(Scratch::take().bytes.capacity(), 0);
    }
}
