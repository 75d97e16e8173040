//! Every decoder that reads from the network, each as a function of bytes that panics where a promise is broken.
//!
//! The targets of `fuzz/` call them with what the fuzzer makes up, and the tests below with what proptest does. Not part of
//! the public API: the feature `fuzzing` is for `fuzz/` alone.

use bytes::{Bytes, BytesMut};

use crate::{
    ErrorKind,
    codec::{self, BodyBuilder},
    proto::{
        FRAME_BYTES_MAX, Frame, FrameKind, FrameReader, GoAway, Hello, ProtocolError, RequestHead, ResponseHead,
        read_cancel, read_lane, read_load, read_started,
    },
    transport::frames::join,
};

/// Cutting a stream into frames: the same ones, and the same end, however the bytes are chunked.
pub fn frames(data: &[u8]) {
    let Some((&chunk_bytes, stream)) = data.split_first() else {
        return;
    };
    let whole = cut([stream]);
    assert_eq!(whole, cut(stream.chunks(usize::from(chunk_bytes).max(1))));
    for frame in whole.0 {
        assert!(frame.payload.len() <= FRAME_BYTES_MAX);
    }
}

/// The heads of requests and responses, and the fields in them. What follows a head is its message, in place.
pub fn heads(data: &[u8]) {
    let payload = Bytes::copy_from_slice(data);
    if let Ok((head, message)) = RequestHead::read(payload.clone()) {
        assert!(payload.ends_with(&message) && message.len() + RequestHead::BYTES <= payload.len());
        let mut again = BytesMut::new();
        RequestHead::new(head.call_id, head.time_left_ms, head.method_id).put(&mut again, &message);
        let (frames, end) = cut([&again[..]]);
        assert_eq!((frames.len(), end), (1, Ok(true)), "a head that was read can be written");
    }
    if let Ok((_, message)) = ResponseHead::read(payload.clone()) {
        assert!(payload.ends_with(&message) && message.len() + ResponseHead::BYTES <= payload.len());
    }
    // It may be refused, and that is all it may be.
    let _ = read_started(payload);
}

/// What control streams, lanes and response streams carry beside heads and messages.
pub fn control(data: &[u8]) {
    if let Ok(hello) = Hello::read(data) {
        let mut again = BytesMut::new();
        hello.put(&mut again);
        // What may be missing counts as nothing, and what a later version appended is skipped.
        let known = if data.len() < again.len() - 4 { HELLO_BYTES_MIN } else { again.len() - 4 };
        assert_eq!(data[..known], again[4..4 + known]);
    }
    if let Ok(go_away) = GoAway::read(data) {
        assert_eq!(Some(go_away.time_left_ms.to_le_bytes().as_slice()), data.get(..4));
    }
    let _ = (read_cancel(data), read_lane(data), read_load(data));
}

/// A hello whose sender says nothing of its wishes.
const HELLO_BYTES_MIN: usize = 20;

/// Messages in fragments: never put together beyond what is allowed, whatever their parts say.
pub fn messages(data: &[u8]) {
    const BYTES_MAX: usize = 1000;
    let Some((&chunk_bytes, stream)) = data.split_first() else {
        return;
    };
    let (mut reader, mut whole, mut expected) = (FrameReader::default(), BodyBuilder::default(), Vec::new());
    for chunk in stream.chunks(usize::from(chunk_bytes).max(1)) {
        reader.push(Bytes::copy_from_slice(chunk));
        loop {
            let piece = match reader.next_piece() {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(_) => return,
            };
            if !matches!(piece.kind, FrameKind::Fragment | FrameKind::Message) {
                continue;
            }
            expected.extend_from_slice(&piece.payload);
            let ends = piece.ends_message();
            match join(&mut whole, piece, BYTES_MAX) {
                Ok(Some(message)) => {
                    // Read from its pieces it says the same.
                    let whole = message.clone().into_bytes();
                    assert_eq!(value(&message), value(&*whole));
                    assert_eq!((message.into_bytes(), ends), (std::mem::take(&mut expected).into(), true));
                }
                Ok(None) => assert!(!ends),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::MessageTooLarge);
                    assert!(expected.len() > BYTES_MAX);
                    return;
                }
            }
            assert!(whole.len() <= BYTES_MAX);
        }
    }
}

/// A value with what has a length, if that is what the message is.
fn value<'a>(message: impl Into<codec::Cursor<'a>>) -> Option<Vec<(Option<Bytes>, String)>> {
    codec::decode(message).ok()
}

/// The frames of a stream, and how it ends: at a boundary or not, or where the protocol is broken.
fn cut<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Result<bool, ProtocolError>) {
    let (mut reader, mut frames) = (FrameReader::default(), Vec::new());
    for chunk in chunks {
        reader.push(Bytes::copy_from_slice(chunk));
        loop {
            match reader.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, Ok(reader.is_at_boundary()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proto::put_frame;

    /// Bytes that are often frames: nothing else gets far into a decoder.
    fn any_stream() -> impl Strategy<Value = Vec<u8>> {
        let kinds = (0..=u8::MAX).filter_map(FrameKind::from_byte).collect::<Vec<_>>();
        let frame = (prop::sample::select(kinds), prop::collection::vec(any::<u8>(), 0..600));
        (any::<u8>(), prop::collection::vec(frame, 0..6), prop::collection::vec(any::<u8>(), 0..6)).prop_map(
            |(chunk_bytes, frames, rest)| {
                let mut stream = BytesMut::from(&[chunk_bytes][..]);
                for (kind, payload) in frames {
                    put_frame(&mut stream, kind, &payload);
                }
                stream.extend_from_slice(&rest);
                stream.to_vec()
            },
        )
    }

    proptest! {
        #[test]
        fn no_bytes_break_a_decoder(data in prop::collection::vec(any::<u8>(), 0..300)) {
            frames(&data);
            heads(&data);
            control(&data);
            messages(&data);
        }

        #[test]
        fn no_frames_break_a_decoder(stream in any_stream()) {
            frames(&stream);
            messages(&stream);
        }

        #[test]
        fn a_hello_with_something_behind_it_is_still_a_hello(data in prop::collection::vec(any::<u8>(), 0..40)) {
            control(&[b"rpcn".as_slice(), &data].concat());
        }
    }
}
