//! Frames that gather until they are sent together.

use bytes::BytesMut;

use super::frame::void_frame;

/// Has room for as many frames at once as left together lately. A buffer that grows step by step is copied once more until it has
/// its size, and many frames come in large batches.
#[derive(Debug, Default)]
pub(crate) struct FrameBuffer {
    frames: BytesMut,
    /// Where the last of them begins.
    last: usize,
    /// Bytes of a batch: of the largest lately.
    usual: usize,
    /// Bytes that were taken.
    taken: u64,
}

impl FrameBuffer {
    /// Where the next frame goes.
    #[inline]
    pub(crate) fn end(&mut self) -> &mut BytesMut {
        if self.frames.is_empty() {
            self.frames.reserve(self.usual);
        }
        self.last = self.frames.len();
        &mut self.frames
    }

    /// Where the next frame will lie in all that was ever here.
    pub(crate) fn position(&self) -> u64 {
        self.taken + self.frames.len() as u64
    }

    /// Up to where it was taken: what begins there or behind is still here.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Withdraws the frame at this position, which is still here.
    pub(crate) fn void(&mut self, position: u64) {
        void_frame(&mut self.frames, (position - self.taken) as usize);
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

    /// Whether there is so much that nothing of it should wait.
    pub(crate) fn is_much(&self) -> bool {
        self.len() >= LITTLE_MORE_BYTES
    }

    /// All that has gathered.
    pub(crate) fn take(&mut self) -> BytesMut {
        self.take_first(self.len())
    }

    /// The same, but for the rest of what is little more than a batch, if any frame lies in it whole. The frame before may be cut.
    pub(crate) fn take_batch(&mut self) -> BytesMut {
        let has_little_more = self.last >= BATCH_BYTES && !self.is_much();
        if !has_little_more {
            return self.take();
        }
        let batch = self.take_first(BATCH_BYTES);
        self.frames.reserve(self.usual);
        batch
    }

    fn take_first(&mut self, bytes: usize) -> BytesMut {
        self.usual = self.len().max(self.usual / 2).min(USUAL_MAX);
        self.last = self.last.saturating_sub(bytes);
        self.taken += bytes as u64;
        self.frames.split_to(bytes)
    }
}

/// What leaves in one system call on a path of large packets, such as loopback: 64 KiB with all headers. A few requests beyond it cost
/// another one, and on the other side another turn, with answers in two parts again. Where client and server share a core,
/// calls of 1 KiB, 64 in flight, were a twelfth faster without (`benches/peers`); on paths of small packets it makes no
/// difference.
const BATCH_BYTES: usize = 60 * 1024;
const LITTLE_MORE_BYTES: usize = BATCH_BYTES + BATCH_BYTES / 4;

/// Room that is kept for a batch that may not come.
const USUAL_MAX: usize = 128 * 1024;

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
    fn a_large_batch_is_no_measure_for_long_and_a_huge_one_never() {
        let (mut buffer, mut sent) = (FrameBuffer::default(), Vec::new());
        begins_with(&mut buffer, 4_000_000, &mut sent);
        assert!(buffer.usual <= USUAL_MAX);
        for _ in 0..20 {
            begins_with(&mut buffer, 1000, &mut sent);
        }
        assert_eq!(buffer.usual, 1000);
    }
}
