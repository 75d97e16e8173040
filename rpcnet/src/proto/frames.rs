//! Frames that gather until they are sent in one go.

use bytes::BytesMut;

/// Has room for as many frames at once as left together lately. A buffer that grows step by step is copied once more until it has
/// its size, and many frames come in large batches.
#[derive(Debug, Default)]
pub(crate) struct FrameBuffer {
    frames: BytesMut,
    /// Bytes of a batch: of the largest lately.
    usual: usize,
}

impl FrameBuffer {
    /// Where the next frame goes.
    #[inline]
    pub(crate) fn end(&mut self) -> &mut BytesMut {
        if self.frames.is_empty() {
            self.frames.reserve(self.usual);
        }
        &mut self.frames
    }

    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether there is as much as leaves at once.
    pub(crate) fn fills_a_batch(&self) -> bool {
        self.len() >= BATCH_BYTES
    }

    /// All that has gathered.
    pub(crate) fn take(&mut self) -> BytesMut {
        self.take_first(self.len())
    }

    /// The same, but for the rest of what is little more than a batch.
    pub(crate) fn take_batch(&mut self) -> BytesMut {
        match self.len() {
            BATCH_BYTES..TWO_BATCHES_BYTES => self.take_first(BATCH_BYTES),
            all => self.take_first(all),
        }
    }

    fn take_first(&mut self, bytes: usize) -> BytesMut {
        self.usual = self.len().max(self.usual / 2).min(USUAL_MAX);
        self.frames.split_to(bytes)
    }
}

/// What leaves in one system call: 64 KiB with all headers, on a path of large packets. A few requests beyond it cost a second
/// one, and on the other side another turn, with answers in two parts again. Where client and server share a core, calls of
/// 1 KiB, 64 in flight, were a twelfth faster without.
const BATCH_BYTES: usize = 60 * 1024;
const TWO_BATCHES_BYTES: usize = 2 * BATCH_BYTES;

/// What more than one batch in a row takes is held twice over while it is sent.
const USUAL_MAX: usize = 2 * TWO_BATCHES_BYTES;

#[cfg(test)]
mod tests {
    use super::*;

    /// The capacity that a batch of so many bytes begins with, while those before are still being sent.
    fn begins_with(buffer: &mut FrameBuffer, bytes: usize, sent: &mut Vec<BytesMut>) -> usize {
        let capacity = buffer.end().capacity();
        for _ in 0..bytes / 1000 {
            buffer.end().extend_from_slice(&[0; 1000]);
        }
        sent.push(buffer.take());
        capacity
    }

    #[test]
    fn a_batch_has_room_for_as_much_as_those_before() {
        let (mut buffer, mut sent) = (FrameBuffer::default(), Vec::new());
        begins_with(&mut buffer, 60_000, &mut sent);
        assert!(begins_with(&mut buffer, 60_000, &mut sent) >= 60_000);
        assert!(begins_with(&mut buffer, 60_000, &mut sent) >= 60_000);
        assert!(sent.iter().all(|batch| batch.len() == 60_000) && buffer.is_empty());
    }

    #[test]
    fn a_large_one_is_forgotten_and_a_huge_one_is_no_measure() {
        let (mut buffer, mut sent) = (FrameBuffer::default(), Vec::new());
        begins_with(&mut buffer, 4_000_000, &mut sent);
        assert!(buffer.usual <= USUAL_MAX);
        for _ in 0..20 {
            begins_with(&mut buffer, 1000, &mut sent);
        }
        assert_eq!(buffer.usual, 1000);
    }
}
