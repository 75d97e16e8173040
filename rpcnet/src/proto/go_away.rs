//! The go-away: the server's last word on the control stream.

use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};

use super::{FrameKind, ProtocolError, frame};

/// The server takes no more calls; what is in flight goes on.
///
/// ```text
/// time left u32 | [later fields, skipped]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GoAway {
    /// Milliseconds until the server closes the connection whatever is in flight; 0 if it has not decided.
    pub(crate) time_left_ms: u32,
}

impl GoAway {
    pub(crate) fn new(time_left: Option<Duration>) -> Self {
        // Zero would mean "not decided".
        let ms = |left: Duration| u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1);
        Self { time_left_ms: time_left.map_or(0, ms) }
    }

    pub(crate) fn put(&self, out: &mut BytesMut) {
        let start = frame::begin_frame(out);
        out.put_u32_le(self.time_left_ms);
        frame::end_frame(out, start, FrameKind::GoAway);
    }

    /// Reads the payload of a go-away frame. What a later version appends is skipped.
    pub(crate) fn read(mut payload: &[u8]) -> Result<Self, ProtocolError> {
        let short = ProtocolError::FrameTooShort { kind: FrameKind::GoAway.byte() };
        Ok(Self { time_left_ms: payload.try_get_u32_le().map_err(|_| short)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_away_has_these_bytes() {
        let mut out = BytesMut::new();
        let go_away = GoAway::new(Some(Duration::from_secs(30)));
        go_away.put(&mut out);
        assert_eq!(&out[..], [0x84, 4, 0, 0, 0x30, 0x75, 0, 0]);
        out.put_slice(b"later");
        assert_eq!(GoAway::read(&out[4..]), Ok(go_away));
    }

    #[test]
    fn no_time_at_all_is_not_the_same_as_a_time_not_decided() {
        assert_eq!(GoAway::new(None).time_left_ms, 0);
        assert_eq!(GoAway::new(Some(Duration::ZERO)).time_left_ms, 1);
        assert_eq!(GoAway::new(Some(Duration::MAX)).time_left_ms, u32::MAX);
    }

    #[test]
    fn a_go_away_too_short_is_refused() {
        assert!(matches!(GoAway::read(&[1, 2, 3]), Err(ProtocolError::FrameTooShort { kind: 0x84 })));
    }
}
