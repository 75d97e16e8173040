//! A message as it arrived.

use bytes::{Bytes, BytesMut};

use super::cursor::Cursor;

/// A message: in one piece, as small ones are, or in the pieces in which it arrived.
///
/// A large one is not put together before it is decoded: that would copy it once more, into memory that is fresh from the
/// system.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Body {
    first: Bytes,
    /// What follows.
    #[expect(clippy::box_collection, reason = "a word where there is nothing: many bodies wait in tables")]
    rest: Option<Box<Vec<Bytes>>>,
}

impl Body {
    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.rest().iter().map(Bytes::len).sum::<usize>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// In one piece: copied if there are several.
    pub(crate) fn into_bytes(self) -> Bytes {
        if self.rest().is_empty() {
            return self.first;
        }
        let mut whole = Vec::with_capacity(self.len());
        whole.extend_from_slice(&self.first);
        self.rest().iter().for_each(|piece| whole.extend_from_slice(piece));
        whole.into()
    }

    #[inline]
    fn rest(&self) -> &[Bytes] {
        self.rest.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl From<Bytes> for Body {
    #[inline]
    fn from(whole: Bytes) -> Self {
        Self { first: whole, rest: None }
    }
}

impl<'a> From<&'a Body> for Cursor<'a> {
    #[inline]
    fn from(body: &'a Body) -> Self {
        Self::new(&body.first, body.rest())
    }
}

impl From<Vec<u8>> for Body {
    fn from(whole: Vec<u8>) -> Self {
        Bytes::from(whole).into()
    }
}

/// A message of which a part has arrived.
#[derive(Debug, Default)]
pub(crate) struct BodyBuilder {
    pieces: Vec<Bytes>,
    /// Pieces too small to be kept as they are, gathered.
    gathered: BytesMut,
    length: usize,
}

impl BodyBuilder {
    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn push(&mut self, piece: Bytes) {
        self.length += piece.len();
        if piece.len() < SMALL {
            self.gathered.extend_from_slice(&piece);
            return;
        }
        self.keep_gathered();
        self.pieces.push(piece);
    }

    /// The message, of which nothing is missing. What is pushed next is another one's.
    pub(crate) fn finish(&mut self) -> Body {
        self.keep_gathered();
        self.length = 0;
        let mut pieces = std::mem::take(&mut self.pieces);
        if pieces.len() <= 1 {
            return pieces.pop().unwrap_or_default().into();
        }
        let first = pieces.remove(0);
        Body { first, rest: Some(Box::new(pieces)) }
    }

    fn keep_gathered(&mut self) {
        if !self.gathered.is_empty() {
            self.pieces.push(self.gathered.split().freeze());
        }
    }
}

/// A piece keeps the transport's buffer that it lies in, 4 KiB at least, and takes its own place in a list. So whoever sends
/// a message a few bytes at a time takes no more memory than whoever sends it in one go.
const SMALL: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_of_any_size_make_the_message(sizes in prop::collection::vec(0_usize..3000, 0..20)) {
            let (mut builder, mut expected) = (BodyBuilder::default(), Vec::new());
            for (index, size) in sizes.into_iter().enumerate() {
                let piece = vec![index as u8; size];
                expected.extend_from_slice(&piece);
                builder.push(piece.into());
                prop_assert_eq!(builder.len(), expected.len());
            }
            let body = builder.finish();
            prop_assert!(builder.is_empty());
            prop_assert_eq!(body.len(), expected.len());
            prop_assert_eq!(body.is_empty(), expected.is_empty());
            prop_assert_eq!(body.into_bytes(), expected);
        }
    }

    #[test]
    fn a_message_in_one_piece_is_not_copied() {
        let piece = Bytes::from(vec![7; SMALL]);
        let mut builder = BodyBuilder::default();
        builder.push(piece.clone());
        assert_eq!(builder.finish().into_bytes().as_ptr(), piece.as_ptr());
    }

    #[test]
    fn small_pieces_do_not_keep_their_buffers() {
        let buffer = Bytes::from(vec![7; 100 * SMALL]);
        let mut builder = BodyBuilder::default();
        (0..5 * SMALL).for_each(|at| builder.push(buffer.slice(at..=at)));
        let body = builder.finish();
        assert!(buffer.is_unique());
        assert_eq!(Cursor::from(&body).take(5 * SMALL).expect("all of it").as_slice(), &buffer[..5 * SMALL]);
    }
}
