//! Messages on streams of their own: each in one frame, or in several if it is large.

use super::{FRAGMENT_BYTES, FrameKind, HEADER_BYTES, frame::frame_header};

/// Where a message starts in a buffer that is being filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageStart(usize);

impl MessageStart {
    /// The offset of its first frame's header.
    pub(crate) fn frame(self) -> usize {
        self.0
    }

    /// The offset of its own first byte, before [`end_message`].
    pub(crate) fn message(self) -> usize {
        self.0 + HEADER_BYTES
    }
}

/// Makes room for a header; the message is to be appended behind it.
pub(crate) fn begin_message(out: &mut Vec<u8>) -> MessageStart {
    let start = MessageStart(out.len());
    out.extend_from_slice(&[0; HEADER_BYTES]);
    start
}

/// Makes frames of what was appended since `start`.
pub(crate) fn end_message(out: &mut Vec<u8>, start: MessageStart) {
    let length = out.len() - start.message();
    if length <= FRAGMENT_BYTES {
        out[start.frame()..start.message()].copy_from_slice(&frame_header(FrameKind::Message, length));
        return;
    }
    let message = out.split_off(start.message());
    out.truncate(start.frame());
    put_message(out, &message);
}

/// Appends a message.
pub(crate) fn put_message(out: &mut Vec<u8>, mut message: &[u8]) {
    out.reserve(message.len() + HEADER_BYTES * message.len().div_ceil(FRAGMENT_BYTES).max(1));
    while let Some((fragment, rest)) = message.split_at_checked(FRAGMENT_BYTES).filter(|(_, rest)| !rest.is_empty()) {
        put(out, FrameKind::Fragment, fragment);
        message = rest;
    }
    put(out, FrameKind::Message, message);
}

/// Appends the frame that says that all requests of a call were sent.
pub(crate) fn put_end(out: &mut Vec<u8>) {
    put(out, FrameKind::End, &[]);
}

fn put(out: &mut Vec<u8>, kind: FrameKind, payload: &[u8]) {
    out.extend_from_slice(&frame_header(kind, payload.len()));
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::proto::{Frame, FrameReader, started};

    fn frames(bytes: Vec<u8>) -> Vec<Frame> {
        let mut reader = FrameReader::default();
        reader.push(bytes.into());
        let frames = std::iter::from_fn(|| reader.next().expect("valid")).collect();
        assert!(reader.is_at_boundary());
        frames
    }

    fn in_place(message: &[u8]) -> Vec<u8> {
        let mut out = vec![];
        let start = begin_message(&mut out);
        out.extend_from_slice(message);
        end_message(&mut out, start);
        out
    }

    #[test]
    fn a_message_has_these_bytes() {
        assert_eq!(in_place(b"hi"), [0xa1, 2, 0, 0, b'h', b'i']);
        assert_eq!(in_place(b""), [0xa1, 0, 0, 0]);
    }

    #[test]
    fn the_frames_of_a_stream_have_these_bytes() {
        let mut out = Vec::from(started(None));
        put_end(&mut out);
        assert_eq!(out, [0x93, 1, 0, 0, 0, 0xa2, 0, 0, 0]);
    }

    #[test]
    fn a_large_message_comes_in_fragments_and_the_last_part_says_so() {
        for length in [FRAGMENT_BYTES, FRAGMENT_BYTES + 1, 2 * FRAGMENT_BYTES, 2 * FRAGMENT_BYTES + 7] {
            let message: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let mut whole = vec![];
            put_message(&mut whole, &message);
            assert_eq!(whole, in_place(&message));
            let frames = frames(whole);
            assert_eq!(frames.len(), length.div_ceil(FRAGMENT_BYTES));
            let (last, before) = frames.split_last().expect("one at least");
            assert_eq!(last.kind, FrameKind::Message);
            assert!(before.iter().all(|frame| frame.kind == FrameKind::Fragment));
            let payloads: Vec<Bytes> = frames.into_iter().map(|frame| frame.payload).collect();
            assert_eq!(payloads.concat(), message);
        }
    }
}
