//! The heads of requests and responses, and the small frames beside them: cancel and load.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Fields, FrameKind, ProtocolError, Status, StreamKind, frame};
use crate::Metadata;

/// What a request says before its message.
///
/// ```text
/// call id u32 | time left u32 | method id u64 | flags u8 | [fields] | message …
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestHead {
    /// The caller's name for this call on this lane; free again after its response.
    pub(crate) call_id: u32,
    /// Milliseconds until the caller gives up; 0 for never.
    pub(crate) time_left_ms: u32,
    /// [`crate::Method::id`].
    pub(crate) method_id: u64,
    pub(crate) fields: Fields,
}

impl RequestHead {
    /// Bytes of a head without fields.
    pub(crate) const BYTES: usize = 17;

    pub(crate) fn new(call_id: u32, time_left_ms: u32, method_id: u64) -> Self {
        Self { call_id, time_left_ms, method_id, fields: Fields::default() }
    }

    /// The same with metadata, if there is any.
    pub(crate) fn with_metadata(mut self, metadata: Bytes) -> Self {
        self.fields.metadata = metadata;
        self
    }

    /// Appends a frame with this head and `message`.
    pub(crate) fn put(&self, out: &mut BytesMut, message: &[u8]) {
        let length = Self::BYTES + self.fields.bytes() + message.len();
        out.reserve(frame::HEADER_BYTES + length);
        let mut head = [0; frame::HEADER_BYTES + Self::BYTES];
        head[0..4].copy_from_slice(&frame::frame_header(FrameKind::Request, length));
        head[4..8].copy_from_slice(&self.call_id.to_le_bytes());
        head[8..12].copy_from_slice(&self.time_left_ms.to_le_bytes());
        head[12..20].copy_from_slice(&self.method_id.to_le_bytes());
        head[20] = flags(&self.fields);
        out.put_slice(&head);
        self.fields.put(out);
        out.put_slice(message);
    }

    /// Splits the payload of a request frame into its head and its message.
    pub(crate) fn read(mut payload: Bytes) -> Result<(Self, Bytes), ProtocolError> {
        if payload.len() < Self::BYTES {
            return Err(ProtocolError::FrameTooShort { kind: FrameKind::Request.byte() });
        }
        let call_id = payload.get_u32_le();
        let time_left_ms = payload.get_u32_le();
        let method_id = payload.get_u64_le();
        let fields = read_fields(&mut payload)?;
        Ok((Self { call_id, time_left_ms, method_id, fields }, payload))
    }
}

/// What a response says before its message.
///
/// ```text
/// call id u32 | status u8 | flags u8 | [fields] | message …
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResponseHead {
    pub(crate) call_id: u32,
    pub(crate) status: Status,
    pub(crate) fields: Fields,
}

impl ResponseHead {
    /// Bytes of a head without fields.
    pub(crate) const BYTES: usize = 6;

    pub(crate) fn new(call_id: u32, status: Status) -> Self {
        Self { call_id, status, fields: Fields::default() }
    }

    /// The same with metadata, if there is any.
    pub(crate) fn with_metadata(mut self, metadata: Option<&Metadata>) -> Self {
        if let Some(metadata) = metadata {
            self.fields.metadata = metadata.encode();
        }
        self
    }

    /// Appends a frame with this head and `message`.
    pub(crate) fn put(&self, out: &mut BytesMut, message: &[u8]) {
        let length = Self::BYTES + self.fields.bytes() + message.len();
        out.reserve(frame::HEADER_BYTES + length);
        let mut head = [0; frame::HEADER_BYTES + Self::BYTES];
        head[0..4].copy_from_slice(&frame::frame_header(FrameKind::Response, length));
        head[4..8].copy_from_slice(&self.call_id.to_le_bytes());
        head[8] = self.status.byte();
        head[9] = flags(&self.fields);
        out.put_slice(&head);
        self.fields.put(out);
        out.put_slice(message);
    }

    /// Splits the payload of a response frame into its head and its message.
    pub(crate) fn read(mut payload: Bytes) -> Result<(Self, Bytes), ProtocolError> {
        if payload.len() < Self::BYTES {
            return Err(ProtocolError::FrameTooShort { kind: FrameKind::Response.byte() });
        }
        let call_id = payload.get_u32_le();
        let status = Status::from_byte(payload.get_u8());
        let fields = read_fields(&mut payload)?;
        Ok((Self { call_id, status, fields }, payload))
    }
}

/// What opens a stream that carries one response: its kind, the lane of the call, and the head. The message follows
/// in frames of its own.
pub(crate) fn response_opening(lane_id: u64, head: &ResponseHead) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(StreamKind::Response.byte());
    frame::put_frame(&mut out, FrameKind::Lane, &lane_id.to_le_bytes());
    head.put(&mut out, &[]);
    out.freeze()
}

/// Reads the payload of a lane frame: the QUIC stream id of the lane.
pub(crate) fn read_lane(mut payload: &[u8]) -> Result<u64, ProtocolError> {
    payload.try_get_u64_le().map_err(|_| ProtocolError::FrameTooShort { kind: FrameKind::Lane.byte() })
}

/// The call id of the request whose frame begins with `frame`.
pub(super) fn request_id(frame: &[u8]) -> u32 {
    u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]])
}

/// Appends the cancel frame of a call.
pub(crate) fn put_cancel(out: &mut BytesMut, call_id: u32) {
    frame::put_frame(out, FrameKind::Cancel, &call_id.to_le_bytes());
}

/// Reads the payload of a cancel frame: the call's id.
pub(crate) fn read_cancel(mut payload: &[u8]) -> Result<u32, ProtocolError> {
    payload.try_get_u32_le().map_err(|_| ProtocolError::FrameTooShort { kind: FrameKind::Cancel.byte() })
}

/// Appends the load frame: how many calls of other connections the server has under way.
pub(crate) fn put_load(out: &mut BytesMut, others: u32) {
    frame::put_frame(out, FrameKind::Load, &others.to_le_bytes());
}

/// Reads the payload of a load frame. What a later version appends is skipped.
pub(crate) fn read_load(mut payload: &[u8]) -> Result<u32, ProtocolError> {
    payload.try_get_u32_le().map_err(|_| ProtocolError::FrameTooShort { kind: FrameKind::Load.byte() })
}

/// The frame that says that a handler has begun to stream its answer.
pub(crate) fn started(metadata: Option<&Metadata>) -> BytesMut {
    let fields = Fields { metadata: metadata.map_or_else(Bytes::new, Metadata::encode), unknown_critical: None };
    let mut out = BytesMut::new();
    let start = frame::begin_frame(&mut out);
    out.put_u8(flags(&fields));
    fields.put(&mut out);
    frame::end_frame(&mut out, start, FrameKind::Started);
    out
}

/// Reads the payload of a started frame: its fields.
pub(crate) fn read_started(mut payload: Bytes) -> Result<Fields, ProtocolError> {
    if payload.is_empty() {
        return Err(ProtocolError::FrameTooShort { kind: FrameKind::Started.byte() });
    }
    read_fields(&mut payload)
}

fn flags(fields: &Fields) -> u8 {
    if fields.is_empty() { 0 } else { HAS_FIELDS }
}

fn read_fields(payload: &mut Bytes) -> Result<Fields, ProtocolError> {
    match payload.get_u8() {
        0 => Ok(Fields::default()),
        HAS_FIELDS => Fields::read(payload),
        flags => Err(ProtocolError::UnknownFlags { flags }),
    }
}

/// The head goes on with a block of optional fields.
const HAS_FIELDS: u8 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_on_a_lane_has_these_bytes() {
        let mut out = BytesMut::new();
        RequestHead::new(7, 30_000, 0x0102_0304_0506_0708).put(&mut out, b"hi");
        let golden = [
            0x90, 19, 0, 0, // a request of 19 bytes
            7, 0, 0, 0, // call id
            0x30, 0x75, 0, 0, // 30,000 ms left
            8, 7, 6, 5, 4, 3, 2, 1, // method id
            0, // no fields
            b'h', b'i',
        ];
        assert_eq!(&out[..], golden);
    }

    #[test]
    fn a_response_on_a_lane_has_these_bytes() {
        let mut out = BytesMut::new();
        ResponseHead::new(7, Status::UnknownMethod).put(&mut out, b"");
        assert_eq!(&out[..], [0x91, 6, 0, 0, 7, 0, 0, 0, 0x10, 0]);
    }

    #[test]
    fn a_response_on_a_stream_of_its_own_opens_with_these_bytes() {
        let golden = [0x04, 0x92, 8, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0x91, 6, 0, 0, 7, 0, 0, 0, 0, 0];
        assert_eq!(&response_opening(4, &ResponseHead::new(7, Status::Ok))[..], golden);
        assert_eq!(read_lane(&golden[5..13]), Ok(4));
    }

    #[test]
    fn a_cancel_has_these_bytes() {
        let mut out = BytesMut::new();
        put_cancel(&mut out, 258);
        assert_eq!(&out[..], [0x12, 4, 0, 0, 2, 1, 0, 0]);
        assert_eq!(read_cancel(&out[4..]), Ok(258));
    }

    #[test]
    fn a_load_has_these_bytes() {
        let mut out = BytesMut::new();
        put_load(&mut out, 258);
        assert_eq!(&out[..], [0x14, 4, 0, 0, 2, 1, 0, 0]);
        assert_eq!(read_load(&out[4..]), Ok(258));
        assert!(read_load(&[0; 3]).is_err());
    }

    #[test]
    fn heads_survive_a_round_trip_with_their_messages() {
        let mut out = BytesMut::new();
        let request = RequestHead::new(1, 2, 3).with_metadata(Bytes::from_static(b"metadata"));
        request.put(&mut out, b"abc");
        let payload = out.split().freeze().slice(frame::HEADER_BYTES..);
        assert_eq!(RequestHead::read(payload), Ok((request, Bytes::from_static(b"abc"))));
        let response = ResponseHead::new(1, Status::Ok);
        response.put(&mut out, b"def");
        let payload = out.split().freeze().slice(frame::HEADER_BYTES..);
        assert_eq!(ResponseHead::read(payload), Ok((response, Bytes::from_static(b"def"))));
    }

    #[test]
    fn a_head_cut_short_or_with_unknown_flags_is_refused() {
        let short = Bytes::from_static(&[0; 16]);
        assert!(matches!(RequestHead::read(short), Err(ProtocolError::FrameTooShort { .. })));
        let mut flagged = [0; RequestHead::BYTES];
        flagged[16] = 0x02;
        let flagged = Bytes::copy_from_slice(&flagged);
        assert_eq!(RequestHead::read(flagged), Err(ProtocolError::UnknownFlags { flags: 2 }));
    }

    #[test]
    fn fields_stand_between_head_and_message() {
        let mut bytes = vec![0; RequestHead::BYTES];
        bytes[16] = HAS_FIELDS;
        bytes.extend([4, 0, 0x90, 1, 0, 5]);
        bytes.extend(b"message");
        let (head, message) = RequestHead::read(bytes.into()).expect("a legal head");
        assert_eq!(head.fields.unknown_critical, Some(0x90));
        assert_eq!(message, "message");
    }
}
