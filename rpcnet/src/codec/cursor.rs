//! Where a message is read: in one piece, or in the pieces in which it arrived.

use bytes::Bytes;

use super::decode::DecodeError;

/// Reads a message from its front to its end.
#[doc(hidden)]
#[derive(Debug)]
pub struct Cursor<'de> {
    /// The rest of the piece that is being read.
    here: &'de [u8],
    /// The pieces behind it.
    rest: &'de [Bytes],
}

/// Bytes of a message: as they lie there, or put together from several pieces.
#[derive(Debug)]
pub(super) enum Taken<'de> {
    Borrowed(&'de [u8]),
    Owned(Vec<u8>),
}

impl Taken<'_> {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl<'de> From<&'de [u8]> for Cursor<'de> {
    #[inline]
    fn from(whole: &'de [u8]) -> Self {
        Self::new(whole, &[])
    }
}

impl<'de> Cursor<'de> {
    pub(super) fn new(first: &'de [u8], rest: &'de [Bytes]) -> Self {
        Self { here: first, rest }
    }

    /// The next byte, which stays.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, DecodeError> {
        match self.here.first() {
            Some(byte) => Ok(*byte),
            None => self.next_piece().map(|()| self.here[0]),
        }
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.here.split_first_chunk() {
            Some((array, rest)) => {
                self.here = rest;
                Ok(*array)
            }
            None => self.gather_array(),
        }
    }

    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Result<Taken<'de>, DecodeError> {
        match self.here.split_at_checked(length) {
            Some((taken, rest)) => {
                self.here = rest;
                Ok(Taken::Borrowed(taken))
            }
            None => self.gather(length).map(Taken::Owned),
        }
    }

    /// Passes over a short string if it is this one and lies in one piece.
    #[inline]
    pub(super) fn pass_name(&mut self, name: &str) -> bool {
        let Some((&marker, rest)) = self.here.split_first() else {
            return false;
        };
        match rest.strip_prefix(name.as_bytes()) {
            Some(rest) if name.len() < 32 && usize::from(marker) == 0xa0 + name.len() => {
                self.here = rest;
                true
            }
            _ => false,
        }
    }

    /// Passes over bytes.
    pub(super) fn pass(&mut self, mut length: usize) -> Result<(), DecodeError> {
        while length > self.here.len() {
            length -= self.here.len();
            self.here = &[];
            self.next_piece()?;
        }
        self.here = &self.here[length..];
        Ok(())
    }

    #[cold]
    fn gather_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(&self.gather(N)?);
        Ok(array)
    }

    /// What is not in one piece. Nothing is allocated for a length that the message does not have.
    #[cold]
    fn gather(&mut self, length: usize) -> Result<Vec<u8>, DecodeError> {
        let left = self.here.len() + self.rest.iter().map(Bytes::len).sum::<usize>();
        if length > left {
            return Err(DecodeError::Truncated);
        }
        let mut gathered = Vec::with_capacity(length);
        while gathered.len() < length {
            if self.here.is_empty() {
                self.next_piece()?;
            }
            let (part, rest) = self.here.split_at(self.here.len().min(length - gathered.len()));
            gathered.extend_from_slice(part);
            self.here = rest;
        }
        Ok(gathered)
    }

    /// Goes on to the next piece that is not empty.
    #[cold]
    fn next_piece(&mut self) -> Result<(), DecodeError> {
        while self.here.is_empty() {
            let (first, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
            (self.here, self.rest) = (first, rest);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_in_pieces_is_read_as_one() {
        let rest = [Bytes::from_static(b""), Bytes::from_static(b"cde"), Bytes::from_static(b"f")];
        let mut cursor = Cursor::new(b"ab", &rest);
        assert_eq!(cursor.peek().expect("a"), b'a');
        assert!(matches!(cursor.take(2), Ok(Taken::Borrowed(b"ab"))));
        assert_eq!(cursor.peek().expect("c"), b'c');
        assert_eq!(cursor.array().expect("across pieces"), *b"cdef");
        assert!(matches!(cursor.peek(), Err(DecodeError::Truncated)));
        assert!(matches!(cursor.take(0), Ok(Taken::Borrowed(b""))));
    }

    #[test]
    fn bytes_of_several_pieces_are_passed_over() {
        let rest = [Bytes::from_static(b"cd"), Bytes::from_static(b"ef")];
        let mut cursor = Cursor::new(b"ab", &rest);
        cursor.pass(5).expect("there are six");
        assert_eq!(cursor.byte().expect("the last"), b'f');
        cursor.pass(0).expect("nothing is always there");
        assert!(matches!(cursor.pass(1), Err(DecodeError::Truncated)));
    }

    #[test]
    fn a_length_beyond_the_message_is_refused_before_anything_is_allocated() {
        let rest = [Bytes::from_static(b"b")];
        assert!(matches!(Cursor::new(b"a", &rest).take(usize::MAX), Err(DecodeError::Truncated)));
        assert!(matches!(Cursor::new(b"a", &rest).take(3), Err(DecodeError::Truncated)));
        assert!(matches!(Cursor::new(b"a", &rest).take(2), Ok(Taken::Owned(taken)) if taken == b"ab"));
    }
}
