//! The hello: the first frame of each side on the control stream.

use bytes::{Buf, BufMut, BytesMut};

use super::{FrameKind, ProtocolError, frame};

/// The protocol version that this crate speaks.
pub(crate) const VERSION: u16 = 1;

/// Versions and limits of the side that sends it.
///
/// ```text
/// "rpcn" | version min u16 | version max u16 | calls max u32 | message bytes max u64 | [wishes u32 | later fields, skipped]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) version_min: u16,
    pub(crate) version_max: u16,
    /// Calls that the sender handles at once on this connection; call ids on a lane stay below it.
    pub(crate) calls_max: u32,
    /// The largest message that the sender accepts.
    pub(crate) message_bytes_max: u64,
    /// What the sender would like beyond what it needs, in bits; unknown ones mean nothing.
    wishes: u32,
}

impl Hello {
    /// This version's hello with the sender's limits.
    pub(crate) const fn new(calls_max: u32, message_bytes_max: u64) -> Self {
        Self { version_min: VERSION, version_max: VERSION, calls_max, message_bytes_max, wishes: 0 }
    }

    /// The same from a client that would like to hear of the server's load.
    pub(crate) const fn wishing_load(self) -> Self {
        Self { wishes: self.wishes | WISH_LOAD, ..self }
    }

    /// Whether the sender would like to hear of the reader's load.
    pub(crate) const fn wishes_load(&self) -> bool {
        self.wishes & WISH_LOAD != 0
    }

    /// Whether sender and reader have a version in common.
    pub(crate) const fn speaks(&self, version: u16) -> bool {
        self.version_min <= version && version <= self.version_max
    }

    pub(crate) fn put(&self, out: &mut BytesMut) {
        let start = frame::begin_frame(out);
        out.put_slice(MAGIC);
        out.put_u16_le(self.version_min);
        out.put_u16_le(self.version_max);
        out.put_u32_le(self.calls_max);
        out.put_u64_le(self.message_bytes_max);
        out.put_u32_le(self.wishes);
        frame::end_frame(out, start, FrameKind::Hello);
    }

    /// Reads the payload of a hello frame. What a later version appends is skipped.
    pub(crate) fn read(mut payload: &[u8]) -> Result<Self, ProtocolError> {
        if payload.len() < BYTES {
            return Err(ProtocolError::FrameTooShort { kind: FrameKind::Hello.byte() });
        }
        let Some(rest) = payload.strip_prefix(MAGIC) else {
            return Err(ProtocolError::BadMagic);
        };
        payload = rest;
        Ok(Self {
            version_min: payload.get_u16_le(),
            version_max: payload.get_u16_le(),
            calls_max: payload.get_u32_le(),
            message_bytes_max: payload.get_u64_le(),
            wishes: payload.try_get_u32_le().unwrap_or(0),
        })
    }
}

const MAGIC: &[u8] = b"rpcn";
/// Without what may be missing.
const BYTES: usize = 20;
const WISH_LOAD: u32 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_has_these_bytes() {
        let mut out = BytesMut::new();
        let hello = Hello::new(4096, 4 << 20).wishing_load();
        hello.put(&mut out);
        let golden = [
            0x81, 24, 0, 0, // a hello of 24 bytes
            b'r', b'p', b'c', b'n', 1, 0, 1, 0, // versions 1 to 1
            0, 16, 0, 0, // 4,096 calls
            0, 0, 64, 0, 0, 0, 0, 0, // messages of 4 MiB
            1, 0, 0, 0, // the load
        ];
        assert_eq!(&out[..], golden);
        assert_eq!(Hello::read(&out[4..]), Ok(hello));
    }

    #[test]
    fn who_says_nothing_of_wishes_has_none() {
        let mut out = BytesMut::new();
        Hello::new(1, 2).wishing_load().put(&mut out);
        let hello = Hello::read(&out[4..4 + BYTES]).expect("the rest may be missing");
        assert_eq!(hello, Hello::new(1, 2));
        assert!(!hello.wishes_load());
    }

    #[test]
    fn what_a_later_version_appends_is_skipped() {
        let mut out = BytesMut::new();
        Hello::new(1, 2).put(&mut out);
        out.put_slice(b"later");
        assert_eq!(Hello::read(&out[4..]), Ok(Hello::new(1, 2)));
    }

    #[test]
    fn a_short_hello_and_a_foreign_one_are_refused() {
        assert!(matches!(Hello::read(b"rpcn"), Err(ProtocolError::FrameTooShort { .. })));
        assert_eq!(Hello::read(&[b'x'; 20]), Err(ProtocolError::BadMagic));
    }

    #[test]
    fn a_range_of_versions_speaks_what_lies_in_it() {
        let hello = Hello { version_min: 2, version_max: 4, ..Hello::new(1, 1) };
        assert!(!hello.speaks(1) && hello.speaks(2) && hello.speaks(4) && !hello.speaks(5));
    }
}
