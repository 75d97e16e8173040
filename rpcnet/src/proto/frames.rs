//! Frames that gather until they are sent together.

use bytes::BytesMut;

use super::{
    frame::{FrameKind, frame_bytes, void_frame},
    head::request_id,
};

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
    /// Bytes of frames that were withdrawn since some were last taken, and where the first of those begins.
    void: usize,
    first_void: usize,
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
        let start = (position - self.taken) as usize;
        void_frame(&mut self.frames, start);
        self.first_void = if self.void == 0 { start } else { self.first_void.min(start) };
        self.void += frame_bytes(&self.frames[start..]);
    }

    /// Takes out what was withdrawn once that is most of what is here. `moved` is told the id of each request that lay behind some
    /// of it, and where it lies now.
    ///
    /// A connection that is slower than its callers' patience would otherwise gather what nobody waits for without end, and
    /// send little else. Each byte that moves is paid for by one that was withdrawn.
    pub(crate) fn compact(&mut self, mut moved: impl FnMut(u32, u64)) {
        if self.void <= BATCH_BYTES.max(self.len() / 2) {
            return;
        }
        let (mut from, mut to, mut last) = (self.first_void, self.first_void, 0);
        while from < self.frames.len() {
            let frame = &self.frames[from..];
            let (kind, bytes) = (frame[0], frame_bytes(frame));
            if kind != FrameKind::Void.byte() {
                if kind == FrameKind::Request.byte() {
                    moved(request_id(frame), self.taken + to as u64);
                }
                self.frames.copy_within(from..from + bytes, to);
                last = to;
                to += bytes;
            }
            from += bytes;
        }
        self.frames.truncate(to);
        // Zero if the last that stays is not known: then all of them leave at once.
        self.last = last;
        self.void = 0;
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
        // What is left is little, and the next to leave: what of it was withdrawn need not be known.
        self.void = 0;
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
    use proptest::prelude::*;

    use super::*;
    use crate::proto::{HEADER_BYTES, RequestHead, put_cancel};

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

    /// What a lane does with its buffer.
    #[derive(Clone, Debug)]
    enum Step {
        Request(usize),
        Cancel,
        /// Withdraws one of the requests that are still there.
        Withdraw(prop::sample::Index),
        TakeBatch,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (0..65_536_usize).prop_map(Step::Request),
            1 => Just(Step::Cancel),
            8 => any::<prop::sample::Index>().prop_map(Step::Withdraw),
            1 => Just(Step::TakeBatch),
        ]
    }

    /// The kind, id and length of each frame.
    fn frames(mut bytes: &[u8]) -> Vec<(u8, u32, usize)> {
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            let (frame, rest) = bytes.split_at(frame_bytes(bytes));
            frames.push((frame[0], request_id(frame), frame.len()));
            bytes = rest;
        }
        frames
    }

    proptest! {
        #[test]
        fn what_is_not_withdrawn_leaves_once_and_in_order_and_what_is_holds_no_more_room_than_that(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let mut buffer = FrameBuffer::default();
            let (mut sent, mut expected) = (Vec::new(), Vec::new());
            // Where the requests lie, by id, as a lane's table knows it.
            let mut positions = Vec::new();
            for step in steps {
                match step {
                    Step::Request(bytes) => {
                        let id = positions.len() as u32;
                        positions.push(buffer.position());
                        RequestHead::new(id, 0, 0).put(buffer.end(), &vec![0; bytes]);
                        expected.push((FrameKind::Request.byte(), id, HEADER_BYTES + RequestHead::BYTES + bytes));
                    }
                    Step::Cancel => {
                        put_cancel(buffer.end(), 7);
                        expected.push((FrameKind::Cancel.byte(), 7, HEADER_BYTES + 4));
                    }
                    Step::Withdraw(index) => {
                        let is_here = |(kind, id, _): &(u8, u32, usize)| {
                            *kind == FrameKind::Request.byte() && positions[*id as usize] >= buffer.taken()
                        };
                        let here: Vec<_> = (0..expected.len()).filter(|at| is_here(&expected[*at])).collect();
                        if here.is_empty() {
                            continue;
                        }
                        let (_, id, _) = expected.remove(*index.get(&here));
                        buffer.void(positions[id as usize]);
                        buffer.compact(|id, position| positions[id as usize] = position);
                    }
                    Step::TakeBatch => sent.extend(buffer.take_batch()),
                }
                let begins_here = |id: &u32| positions[*id as usize] >= buffer.taken();
                let ids = expected.iter().filter(|(kind, id, _)| *kind != FrameKind::Request.byte() || begins_here(id));
                let living: usize = ids.map(|(_, _, bytes)| bytes).sum();
                prop_assert!(buffer.len() <= 2 * living + LITTLE_MORE_BYTES, "{} of {living}", buffer.len());
            }
            sent.extend(buffer.take());
            let left: Vec<_> = frames(&sent).into_iter().filter(|(kind, ..)| *kind != FrameKind::Void.byte()).collect();
            prop_assert_eq!(left, expected);
        }
    }
}
