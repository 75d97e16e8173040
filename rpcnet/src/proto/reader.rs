//! Cuts a stream's bytes into frames, however the transport chunks them.

use std::mem;

use bytes::{Buf, Bytes, BytesMut};

use super::{FRAME_BYTES_MAX, FrameKind, HEADER_BYTES, ProtocolError};

/// One whole frame of a known type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    pub(crate) payload: Bytes,
}

/// A part of a frame of a message, or a whole frame of another type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: FrameKind,
    pub(crate) payload: Bytes,
    /// Nothing of the frame is missing.
    pub(crate) ends_frame: bool,
}

impl Piece {
    /// Whether it is the end of a message.
    pub(crate) fn ends_message(&self) -> bool {
        self.kind == FrameKind::Message && self.ends_frame
    }
}

/// An incremental reader: [`FrameReader::push`] what arrived, then take frames with [`FrameReader::next`].
///
/// A frame that lies whole in one chunk is handed out as a slice of it, without a copy. One that is spread over
/// chunks is put together in a buffer of its own, which never grows beyond [`FRAME_BYTES_MAX`].
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    /// What arrived last and is not cut yet.
    chunk: Bytes,
    /// The start of a frame whose end has not arrived, header included.
    partial: BytesMut,
    /// A frame that is being handed out in pieces, and how much of it is missing.
    open: Option<(FrameKind, usize)>,
    /// Bytes of frames that were skipped between pieces.
    skipped: usize,
}

impl FrameReader {
    /// Adds what arrived. All frames of the chunk before must have been taken.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        debug_assert!(self.chunk.is_empty(), "take all frames before pushing more");
        self.chunk = chunk;
    }

    /// The next whole frame, or `None` when more bytes are needed. Frames of unknown types that are not
    /// critical are skipped.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, ProtocolError> {
        self.next_within::<FRAME_BYTES_MAX>()
    }

    /// The same where frames have no more than so many bytes: known when it is compiled, since each small call goes through here.
    pub(crate) fn next_within<const BYTES_MAX: usize>(&mut self) -> Result<Option<Frame>, ProtocolError> {
        loop {
            let Some((kind, payload)) = self.next_raw::<BYTES_MAX>()? else {
                return Ok(None);
            };
            if let Some(kind) = known(kind)? {
                return Ok(Some(Frame { kind, payload }));
            }
        }
    }

    /// The next piece: like [`FrameReader::next`], but frames of messages come as they arrive, so that a large message is put
    /// together once and not twice.
    pub(crate) fn next_piece(&mut self) -> Result<Option<Piece>, ProtocolError> {
        self.next_piece_within::<FRAME_BYTES_MAX>()
    }

    /// The same where frames of other types have no more than so many bytes.
    pub(crate) fn next_piece_within<const BYTES_MAX: usize>(&mut self) -> Result<Option<Piece>, ProtocolError> {
        while self.open.is_none() {
            match self.header()? {
                Some((kind, length)) if is_of_message(kind) => {
                    self.skip_header();
                    self.open = FrameKind::from_byte(kind).map(|kind| (kind, length));
                }
                // One at a time: what follows may be of a message.
                _ => match self.next_raw::<BYTES_MAX>()? {
                    Some((kind, payload)) => match known(kind)? {
                        Some(kind) => return Ok(Some(Piece { kind, payload, ends_frame: true })),
                        None => self.skipped += HEADER_BYTES + payload.len(),
                    },
                    None => return Ok(None),
                },
            }
        }
        Ok(self.piece_of_open())
    }

    /// The next frame, if it is a whole message that lies in one chunk, as most small ones do: `read` looks at it in
    /// place. Otherwise nothing changes, and [`FrameReader::next_piece`] tells what comes.
    ///
    /// Slices of a chunk are counted atomically, which for a small message costs as much as to decode it.
    #[inline]
    pub(crate) fn message_in_place<T>(&mut self, bytes_max: usize, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        if self.open.is_some() || !self.partial.is_empty() {
            return None;
        }
        let header = self.chunk.first_chunk::<HEADER_BYTES>()?;
        let (kind, length) = split_header(*header);
        if kind != FrameKind::Message.byte() || length > bytes_max.min(FRAME_BYTES_MAX) {
            return None;
        }
        let end = HEADER_BYTES + length;
        let value = read(self.chunk.get(HEADER_BYTES..end)?);
        if end == self.chunk.len() {
            self.chunk = Bytes::new();
        } else {
            self.chunk.advance(end);
        }
        Some(value)
    }

    /// The header of the next frame, if all of it is here.
    fn header(&mut self) -> Result<Option<(u8, usize)>, ProtocolError> {
        if !self.partial.is_empty() {
            self.fill_partial_to(HEADER_BYTES);
        }
        let begun = if self.partial.is_empty() { &self.chunk[..] } else { &self.partial[..] };
        begun.first_chunk().map(|header| parse_header::<FRAME_BYTES_MAX>(*header)).transpose()
    }

    fn skip_header(&mut self) {
        if self.partial.is_empty() {
            self.chunk.advance(HEADER_BYTES);
        }
        self.partial.clear();
    }

    fn piece_of_open(&mut self) -> Option<Piece> {
        let (kind, missing) = self.open?;
        let length = missing.min(self.chunk.len());
        if length == 0 && missing > 0 {
            return None;
        }
        let ends_frame = length == missing;
        self.open = (!ends_frame).then(|| (kind, missing - length));
        Some(Piece { kind, payload: take(&mut self.chunk, length), ends_frame })
    }

    /// How many bytes of frames that came between pieces were skipped since the last time: a piece that lies beside them keeps
    /// their buffer.
    pub(crate) fn take_skipped(&mut self) -> usize {
        mem::take(&mut self.skipped)
    }

    /// Whether the stream may end here: no frame has begun.
    pub(crate) fn is_at_boundary(&self) -> bool {
        self.chunk.is_empty() && self.partial.is_empty() && self.open.is_none()
    }

    fn next_raw<const BYTES_MAX: usize>(&mut self) -> Result<Option<(u8, Bytes)>, ProtocolError> {
        if !self.partial.is_empty() {
            return self.finish_partial::<BYTES_MAX>();
        }
        if let Some(header) = self.chunk.first_chunk::<HEADER_BYTES>() {
            let (kind, length) = parse_header::<BYTES_MAX>(*header)?;
            if self.chunk.len() >= HEADER_BYTES + length {
                self.chunk.advance(HEADER_BYTES);
                return Ok(Some((kind, take(&mut self.chunk, length))));
            }
        }
        if !self.chunk.is_empty() {
            self.partial.extend_from_slice(&self.chunk);
            self.chunk = Bytes::new();
        }
        Ok(None)
    }

    /// Goes on with a frame whose start arrived in an earlier chunk.
    fn finish_partial<const BYTES_MAX: usize>(&mut self) -> Result<Option<(u8, Bytes)>, ProtocolError> {
        self.fill_partial_to(HEADER_BYTES);
        let Some(header) = self.partial.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let (kind, length) = parse_header::<BYTES_MAX>(*header)?;
        self.fill_partial_to(HEADER_BYTES + length);
        if self.partial.len() < HEADER_BYTES + length {
            return Ok(None);
        }
        let mut frame = self.partial.split().freeze();
        frame.advance(HEADER_BYTES);
        Ok(Some((kind, frame)))
    }

    fn fill_partial_to(&mut self, length: usize) {
        let missing = length.saturating_sub(self.partial.len()).min(self.chunk.len());
        self.partial.extend_from_slice(&self.chunk[..missing]);
        take(&mut self.chunk, missing);
    }
}

/// Splits off the front; an emptied chunk lets go of its buffer.
fn take(chunk: &mut Bytes, length: usize) -> Bytes {
    if length == chunk.len() { std::mem::take(chunk) } else { chunk.split_to(length) }
}

fn is_of_message(kind: u8) -> bool {
    matches!(FrameKind::from_byte(kind), Some(FrameKind::Fragment | FrameKind::Message))
}

/// The type of a frame, or `None` if it is one to be skipped.
fn known(kind: u8) -> Result<Option<FrameKind>, ProtocolError> {
    match FrameKind::from_byte(kind) {
        None if FrameKind::is_critical(kind) => Err(ProtocolError::UnknownFrame { kind }),
        known => Ok(known),
    }
}

fn parse_header<const BYTES_MAX: usize>(header: [u8; HEADER_BYTES]) -> Result<(u8, usize), ProtocolError> {
    let (kind, length) = split_header(header);
    if length > BYTES_MAX {
        return Err(ProtocolError::FrameTooLong { length, bytes_max: BYTES_MAX });
    }
    Ok((kind, length))
}

fn split_header(header: [u8; HEADER_BYTES]) -> (u8, usize) {
    (header[0], (u32::from_le_bytes(header) >> 8) as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proto::put_frame;

    /// Reads `chunks` to their end and returns the frames and whether the end is at a boundary.
    fn read_all(chunks: impl IntoIterator<Item = Bytes>) -> Result<(Vec<Frame>, bool), ProtocolError> {
        let mut reader = FrameReader::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            reader.push(chunk);
            while let Some(frame) = reader.next()? {
                frames.push(frame);
            }
            assert!(reader.partial.len() <= FRAME_BYTES_MAX + HEADER_BYTES);
        }
        Ok((frames, reader.is_at_boundary()))
    }

    fn encode(frames: &[Frame]) -> Bytes {
        let mut out = BytesMut::new();
        for frame in frames {
            put_frame(&mut out, frame.kind, &frame.payload);
        }
        out.freeze()
    }

    fn any_frame() -> impl Strategy<Value = Frame> {
        let kinds = (0..=u8::MAX).filter_map(FrameKind::from_byte).collect::<Vec<_>>();
        (prop::sample::select(kinds), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(kind, payload)| Frame { kind, payload: payload.into() })
    }

    /// The same by pieces, put together again.
    fn read_pieces(chunks: impl IntoIterator<Item = Bytes>) -> Result<(Vec<Frame>, bool), ProtocolError> {
        let mut reader = FrameReader::default();
        let (mut frames, mut whole) = (Vec::new(), BytesMut::new());
        for chunk in chunks {
            reader.push(chunk);
            while let Some(Piece { kind, payload, ends_frame }) = reader.next_piece()? {
                whole.extend_from_slice(&payload);
                if ends_frame {
                    frames.push(Frame { kind, payload: whole.split().freeze() });
                }
            }
        }
        Ok((frames, reader.is_at_boundary()))
    }

    /// The same with what can be read in place read so.
    fn read_in_place(
        chunks: impl IntoIterator<Item = Bytes>,
        bytes_max: usize,
    ) -> Result<(Vec<Frame>, bool), ProtocolError> {
        let mut reader = FrameReader::default();
        let (mut frames, mut whole) = (Vec::new(), BytesMut::new());
        for chunk in chunks {
            reader.push(chunk);
            loop {
                if let Some(payload) = reader.message_in_place(bytes_max, Bytes::copy_from_slice) {
                    assert!(payload.len() <= bytes_max);
                    frames.push(Frame { kind: FrameKind::Message, payload });
                } else if let Some(Piece { kind, payload, ends_frame }) = reader.next_piece()? {
                    whole.extend_from_slice(&payload);
                    if ends_frame {
                        frames.push(Frame { kind, payload: whole.split().freeze() });
                    }
                } else {
                    break;
                }
            }
        }
        Ok((frames, reader.is_at_boundary()))
    }

    proptest! {
        #[test]
        fn messages_read_in_place_are_the_same(
            frames in prop::collection::vec(any_frame(), 0..8),
            cuts in prop::collection::vec(1_usize..90, 0..10),
            bytes_max in 0_usize..50,
        ) {
            let mut rest = encode(&frames);
            let mut chunks: Vec<Bytes> = cuts.iter().map(|cut| rest.split_to((*cut).min(rest.len()))).collect();
            chunks.push(rest);
            prop_assert_eq!(read_in_place(chunks.clone(), bytes_max), read_all(chunks));
        }

        #[test]
        fn pieces_make_the_same_frames(
            frames in prop::collection::vec(any_frame(), 0..5),
            cuts in prop::collection::vec(1_usize..30, 0..40),
        ) {
            let mut rest = encode(&frames);
            let mut chunks: Vec<Bytes> = cuts.iter().map(|cut| rest.split_to((*cut).min(rest.len()))).collect();
            chunks.push(rest);
            prop_assert_eq!(read_pieces(chunks.clone()), read_all(chunks.clone()));
            chunks.retain(|chunk| !chunk.is_empty());
            chunks.pop();
            prop_assert_eq!(read_pieces(chunks.clone()).map(|read| read.1), read_all(chunks).map(|read| read.1));
        }

        #[test]
        fn what_is_skipped_changes_nothing_around_it(
            frames in prop::collection::vec((any_frame(), prop::option::of(0_usize..20)), 0..5),
            cuts in prop::collection::vec(1_usize..30, 0..40),
        ) {
            let mut all = BytesMut::new();
            for (frame, skipped) in &frames {
                put_frame(&mut all, frame.kind, &frame.payload);
                if let Some(length) = skipped {
                    all.extend_from_slice(&[0x7f, *length as u8, 0, 0]);
                    all.extend_from_slice(&[0xff].repeat(*length));
                }
            }
            let mut rest = all.freeze();
            let mut chunks: Vec<Bytes> = cuts.iter().map(|cut| rest.split_to((*cut).min(rest.len()))).collect();
            chunks.push(rest);
            let expected = Ok((frames.into_iter().map(|(frame, _)| frame).collect(), true));
            prop_assert_eq!(&read_pieces(chunks.clone()), &expected);
            prop_assert_eq!(&read_in_place(chunks.clone(), 30), &expected);
            prop_assert_eq!(&read_all(chunks), &expected);
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_read_alike(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let chunks = [Bytes::from(bytes)];
            match (read_pieces(chunks.clone()), read_all(chunks)) {
                (Ok(pieces), Ok(frames)) => prop_assert_eq!(pieces, frames),
                (Err(one), Err(other)) => prop_assert_eq!(one, other),
                (one, other) => prop_assert!(false, "{:?} and {:?}", one, other),
            }
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_read_alike_in_place(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let chunks = [Bytes::from(bytes)];
            prop_assert_eq!(read_in_place(chunks.clone(), 40).is_ok(), read_all(chunks).is_ok());
        }

        #[test]
        fn frames_split_at_every_boundary_come_out_whole(frames in prop::collection::vec(any_frame(), 0..5)) {
            let bytes = encode(&frames);
            for split in 0..=bytes.len() {
                let chunks = [bytes.slice(..split), bytes.slice(split..)];
                prop_assert_eq!(read_all(chunks), Ok((frames.clone(), true)));
            }
            let single_bytes = (0..bytes.len()).map(|at| bytes.slice(at..=at));
            prop_assert_eq!(read_all(single_bytes), Ok((frames, true)));
        }

        #[test]
        fn frames_cut_short_are_never_read_as_complete(frames in prop::collection::vec(any_frame(), 1..5)) {
            let bytes = encode(&frames);
            let last = frames.len() - 1;
            let boundary = encode(&frames[..last]).len();
            for end in boundary + 1..bytes.len() {
                prop_assert_eq!(read_all([bytes.slice(..end)]), Ok((frames[..last].to_vec(), false)));
            }
        }

        #[test]
        fn arbitrary_bytes_give_frames_or_an_error_but_no_panic(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8),
        ) {
            let whole: Vec<u8> = chunks.concat();
            let in_chunks = read_all(chunks.into_iter().map(Bytes::from));
            let at_once = read_all([Bytes::from(whole)]);
            prop_assert_eq!(in_chunks, at_once);
        }
    }

    #[test]
    fn a_frame_too_long_is_refused_by_its_header_alone() {
        let length = FRAME_BYTES_MAX as u32 + 1;
        let header = (length << 8 | 0x90).to_le_bytes();
        let refused = Err(ProtocolError::FrameTooLong { length: length as usize, bytes_max: FRAME_BYTES_MAX });
        assert_eq!(read_all([Bytes::copy_from_slice(&header)]), refused);
    }

    #[test]
    fn unknown_frames_are_skipped_unless_they_are_critical() {
        let skipped = Bytes::from_static(&[0x7f, 1, 0, 0, 9, 0x12, 0, 0, 0]);
        let cancel = Frame { kind: FrameKind::Cancel, payload: Bytes::new() };
        assert_eq!(read_all([skipped]), Ok((vec![cancel], true)));
        let critical = Bytes::from_static(&[0xff, 0, 0, 0]);
        assert_eq!(read_all([critical]), Err(ProtocolError::UnknownFrame { kind: 0xff }));
    }

    #[test]
    fn only_a_whole_message_is_read_in_place() {
        let message = Frame { kind: FrameKind::Message, payload: Bytes::from_static(b"abc") };
        let fragment = Frame { kind: FrameKind::Fragment, ..message.clone() };
        let read = |bytes: Bytes, bytes_max| {
            let mut reader = FrameReader::default();
            reader.push(bytes);
            reader.message_in_place(bytes_max, <[u8]>::to_vec)
        };
        let whole = encode(std::slice::from_ref(&message));
        assert_eq!(read(whole.clone(), 3), Some(b"abc".to_vec()));
        assert_eq!(read(whole.clone(), 2), None, "too large");
        assert_eq!(read(whole.slice(..whole.len() - 1), 3), None, "not all of it is here");
        assert_eq!(read(encode(&[fragment, message]), 3), None, "a part of one");
    }

    #[test]
    fn a_whole_frame_is_not_copied() {
        let bytes = encode(&[Frame { kind: FrameKind::Message, payload: Bytes::from_static(b"shared") }]);
        let (frames, _) = read_all([bytes.clone()]).expect("a legal frame");
        assert_eq!(frames[0].payload.as_ptr(), bytes[HEADER_BYTES..].as_ptr());
    }
}
