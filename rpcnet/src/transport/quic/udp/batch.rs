//! Packets that leave in one system call.

use s2n_quic_core::{
    inet::ExplicitCongestionNotification as Ecn,
    io::tx::{Error, Message, PayloadBuffer},
    path::{Handle as _, Tuple},
};

/// Consecutive packets of one path: all of one size, but for the last, which may be smaller.
#[derive(Clone, Copy)]
pub(super) struct Batch {
    pub(super) path: Tuple,
    pub(super) ecn: Ecn,
    pub(super) segment_bytes: usize,
    pub(super) segments: usize,
    /// Of all segments.
    pub(super) bytes: usize,
}

impl Batch {
    /// Writes the first packet to the start of `buffer`, and says whether more may follow.
    pub(super) fn start<M: Message<Handle = Tuple>>(
        message: &mut M,
        buffer: &mut [u8],
        packet_bytes_max: usize,
    ) -> Result<(Self, bool), Error> {
        let (path, ecn) = (*message.path_handle(), message.ecn());
        // Not if it looks for the path's limit, for one: it may take what is with it down.
        let is_open = message.can_gso(packet_bytes_max, 0);
        let bytes = message.write_payload(PayloadBuffer::new(&mut buffer[..packet_bytes_max]), 0)?;
        Ok((Self { path, ecn, segment_bytes: bytes, segments: 1, bytes }, is_open))
    }

    /// Whether `message` may be the next packet.
    pub(super) fn takes<M: Message<Handle = Tuple>>(&self, message: &mut M) -> bool {
        message.can_gso(self.segment_bytes, self.segments)
            && message.path_handle().strict_eq(&self.path)
            && message.ecn() == self.ecn
    }

    /// Writes the next packet after the others, and says how long it is.
    pub(super) fn append<M: Message<Handle = Tuple>>(
        &mut self,
        message: &mut M,
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        let room = &mut buffer[self.bytes..self.bytes + self.segment_bytes];
        let bytes = message.write_payload(PayloadBuffer::new(room), self.segments)?;
        self.bytes += bytes;
        self.segments += 1;
        Ok(bytes)
    }

    /// Whether there is room for another packet of up to `segments_max`.
    pub(super) fn has_room(&self, segments_max: usize) -> bool {
        let is_even = self.bytes == self.segments * self.segment_bytes;
        is_even && self.segments < segments_max && self.bytes + self.segment_bytes <= BATCH_BYTES_MAX
    }

    /// Each packet as a batch of its own.
    pub(super) fn singles(self, bytes: &[u8]) -> impl Iterator<Item = (Self, &[u8])> {
        let single = move |bytes: &[u8]| Self { segment_bytes: bytes.len(), segments: 1, bytes: bytes.len(), ..self };
        bytes.chunks(self.segment_bytes.max(1)).map(move |bytes| (single(bytes), bytes))
    }
}

/// What one packet of IPv4 carries after its header of 20 bytes and UDP's of 8: to the system a batch is one packet
/// until it is cut into segments.
pub(super) const BATCH_BYTES_MAX: usize = u16::MAX as usize - 28;
