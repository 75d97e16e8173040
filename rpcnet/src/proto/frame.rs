//! Frames: the unit of every stream. One header word, then the payload.
//!
//! ```text
//! 0        1                          4
//! | kind   | payload length (24 bits) | payload …
//! ```

use bytes::{BufMut, BytesMut};

/// Bytes of a frame's header.
pub(crate) const HEADER_BYTES: usize = 4;

/// The largest length that the header's 24 bits can say.
const LENGTH_MAX: usize = (1 << 24) - 1;

/// Frame types. Types from 0x80 are critical: who does not know one must close the connection; any other
/// unknown type is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// Control: versions and limits; the first frame of each side.
    Hello,
    /// Control: eight opaque bytes that the peer sends back in a [`FrameKind::Pong`].
    Ping,
    /// Control: the answer to a ping.
    Pong,
    /// Control: the server takes no more calls, and the client is to leave when it has its answers.
    GoAway,
    /// Lane or call stream: a request's head, with its message when it is on a lane.
    Request,
    /// Lane or call stream: the terminal status of one call, with its message when it is on a lane.
    Response,
    /// Response stream: the lane that the call came on.
    Lane,
    /// Lane: the caller no longer wants the answer.
    Cancel,
    /// Lane, from the server: how much it has to do for others, to a client that wished to hear it.
    Load,
    /// Lane: a frame that was withdrawn before it was sent. Its payload means nothing.
    Void,
    /// Streaming call: the handler has begun to stream its answer.
    Started,
    /// Any stream of messages: a part of a message, with more to come.
    Fragment,
    /// Any stream of messages: the last part of a message, which may be all of it.
    Message,
    /// Streaming call: the caller has sent all its messages.
    End,
}

impl FrameKind {
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Hello => 0x81,
            Self::Ping => 0x02,
            Self::Pong => 0x03,
            Self::GoAway => 0x84,
            Self::Request => 0x90,
            Self::Response => 0x91,
            Self::Lane => 0x92,
            Self::Cancel => 0x12,
            Self::Void => 0x13,
            Self::Load => 0x14,
            Self::Started => 0x93,
            Self::Fragment => 0xa0,
            Self::Message => 0xa1,
            Self::End => 0xa2,
        }
    }

    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x81 => Some(Self::Hello),
            0x02 => Some(Self::Ping),
            0x03 => Some(Self::Pong),
            0x84 => Some(Self::GoAway),
            0x90 => Some(Self::Request),
            0x91 => Some(Self::Response),
            0x92 => Some(Self::Lane),
            0x12 => Some(Self::Cancel),
            0x13 => Some(Self::Void),
            0x14 => Some(Self::Load),
            0x93 => Some(Self::Started),
            0xa0 => Some(Self::Fragment),
            0xa1 => Some(Self::Message),
            0xa2 => Some(Self::End),
            _ => None,
        }
    }

    /// Whether a frame of an unknown type may be skipped.
    pub(crate) const fn is_critical(byte: u8) -> bool {
        byte & 0x80 != 0
    }
}

/// Starts a frame whose length is not known yet; [`end_frame`] writes its header. Returns where the frame starts.
pub(crate) fn begin_frame(out: &mut BytesMut) -> usize {
    let start = out.len();
    out.put_bytes(0, HEADER_BYTES);
    start
}

/// Writes the header of the frame that starts at `start` and ends where `out` ends.
pub(crate) fn end_frame(out: &mut BytesMut, start: usize, kind: FrameKind) {
    let length = out.len() - start - HEADER_BYTES;
    let header = frame_header(kind, length);
    out[start..start + HEADER_BYTES].copy_from_slice(&header);
}

/// Appends a whole frame.
pub(crate) fn put_frame(out: &mut BytesMut, kind: FrameKind, payload: &[u8]) {
    out.reserve(HEADER_BYTES + payload.len());
    out.put_slice(&frame_header(kind, payload.len()));
    out.put_slice(payload);
}

/// The header of a frame with a payload of `length` bytes.
pub(crate) fn frame_header(kind: FrameKind, length: usize) -> [u8; HEADER_BYTES] {
    debug_assert!(length <= LENGTH_MAX, "callers split messages before they frame them");
    ((length as u32) << 8 | u32::from(kind.byte())).to_le_bytes()
}

/// The length of the frame at the start of `frames`, with its header.
pub(crate) fn frame_bytes(frames: &[u8]) -> usize {
    let header = [frames[0], frames[1], frames[2], frames[3]];
    HEADER_BYTES + (u32::from_le_bytes(header) >> 8) as usize
}

/// Withdraws the frame that starts at `start`: the peer will skip it.
pub(crate) fn void_frame(out: &mut [u8], start: usize) {
    out[start] = FrameKind::Void.byte();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_its_kind_then_its_length_in_little_endian() {
        let mut out = BytesMut::new();
        put_frame(&mut out, FrameKind::Ping, &[7; 8]);
        assert_eq!(&out[..], [0x02, 8, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7]);
    }

    #[test]
    fn a_frame_begun_and_ended_equals_one_put_whole() {
        let payload = vec![5; 300];
        let (mut whole, mut parts) = (BytesMut::new(), BytesMut::new());
        put_frame(&mut whole, FrameKind::Message, &payload);
        let start = begin_frame(&mut parts);
        parts.put_slice(&payload);
        end_frame(&mut parts, start, FrameKind::Message);
        assert_eq!(whole, parts);
    }

    #[test]
    fn every_kind_survives_its_byte() {
        let known = (0..=u8::MAX).filter_map(|byte| FrameKind::from_byte(byte).map(|kind| (byte, kind)));
        assert_eq!(known.clone().count(), 14);
        for (byte, kind) in known {
            assert_eq!(kind.byte(), byte);
        }
    }

    #[test]
    fn a_voided_frame_keeps_its_length() {
        let mut out = BytesMut::new();
        put_frame(&mut out, FrameKind::Request, &[1, 2, 3]);
        void_frame(&mut out, 0);
        assert_eq!(&out[..], [0x13, 3, 0, 0, 1, 2, 3]);
    }
}
