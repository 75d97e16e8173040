//! The wire protocol `rpcnet/1` as pure code: bytes to frames and back.
//!
//! Nothing in here knows a socket, a clock or an async runtime. `docs/WIRE.md` is the specification; the
//! golden bytes in the tests of each file pin it down.

mod fields;
mod frame;
mod frames;
mod go_away;
mod head;
mod hello;
mod message;
mod reader;
mod status;

pub(crate) use fields::Fields;
pub(crate) use frame::{FrameKind, HEADER_BYTES, frame_header, put_frame};
pub(crate) use frames::FrameBuffer;
pub(crate) use go_away::GoAway;
pub(crate) use head::{
    RequestHead, ResponseHead, put_cancel, put_load, read_cancel, read_lane, read_load, read_started, response_opening,
    started,
};
pub(crate) use hello::{Hello, VERSION};
pub(crate) use message::{begin_message, end_message, put_end, put_message};
pub(crate) use reader::{Frame, FrameReader, Piece};
pub(crate) use status::Status;

/// The application protocol that TLS negotiates (RFC 7301).
pub(crate) const ALPN: &[u8] = b"rpcnet/1";

/// The largest message that travels on a lane; a larger one gets a stream of its own.
///
/// A lane is read in order, so a message on it delays what comes behind it. At this size that delay stays
/// near the cost of opening a stream (benches/peers/README, `--growth`).
pub(crate) const LANE_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// How many lanes a connection may have.
pub(crate) const LANES_MAX: usize = 16;

/// Room for a head and its optional fields beside the message itself.
pub(crate) const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The largest payload of one frame on any stream.
pub(crate) const FRAME_BYTES_MAX: usize = LANE_MESSAGE_BYTES_MAX + HEAD_BYTES_MAX;

/// What one fragment of a large message carries: small enough to interleave, large enough that its header is nothing.
pub(crate) const FRAGMENT_BYTES: usize = LANE_MESSAGE_BYTES_MAX;

/// What a stream is for: its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamKind {
    /// The connection's control stream: the first one the client opens, and the only one of its kind.
    Control,
    /// Many small unary calls, framed with their ids.
    Lane,
    /// One call with a request too large for a lane; its response comes back on the same stream.
    Call,
    /// One response too large for the lane of its request; opened by the server, one way.
    Response,
    /// One call with a stream of requests, of responses, or of both.
    Streaming,
}

impl StreamKind {
    /// The byte that opens a stream of this kind.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Control => 0x01,
            Self::Lane => 0x02,
            Self::Call => 0x03,
            Self::Response => 0x04,
            Self::Streaming => 0x05,
        }
    }

    /// The kind that `byte` opens, if this version knows it.
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Control),
            0x02 => Some(Self::Lane),
            0x03 => Some(Self::Call),
            0x04 => Some(Self::Response),
            0x05 => Some(Self::Streaming),
            _ => None,
        }
    }
}

/// Why a connection was closed, as the code that QUIC's `CONNECTION_CLOSE` carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseCode {
    /// The side that closed was done with the connection.
    Done,
    /// The peer broke the protocol.
    Protocol,
    /// No common protocol version.
    Version,
    /// The hello did not come in time.
    HelloTimeout,
    /// The peer does not read its answers, or does not go on with its requests.
    Unread,
}

impl CloseCode {
    /// The number on the wire.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Done => 0x00,
            Self::Protocol => 0x01,
            Self::Version => 0x02,
            Self::HelloTimeout => 0x03,
            Self::Unread => 0x04,
        }
    }

    /// What a number from the wire says, in words for an error message.
    pub(crate) const fn describe(number: u64) -> &'static str {
        match number {
            0x00 => "the peer closed the connection",
            0x01 => "the peer says that this side broke the rpcnet protocol",
            0x02 => "the peer speaks no protocol version that this side knows",
            0x03 => "the peer waited too long for this side's hello",
            0x04 => "the peer had no room left for what this side would not read, or waited too long for it",
            _ => "the peer closed the connection with a code that this version does not know",
        }
    }
}

/// What a peer did wrong. Its connection is closed with [`CloseCode::Protocol`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtocolError {
    #[error("a frame of {length} bytes; at most {bytes_max} are allowed there")]
    FrameTooLong { length: usize, bytes_max: usize },
    #[error("a frame of type {kind:#04x} is too short for its fields")]
    FrameTooShort { kind: u8 },
    #[error("a critical frame of unknown type {kind:#04x}")]
    UnknownFrame { kind: u8 },
    #[error("a frame of type {kind:#04x} where it is not allowed")]
    UnexpectedFrame { kind: u8 },
    #[error("a stream of unknown kind {kind:#04x}")]
    UnknownStream { kind: u8 },
    #[error("a second control stream")]
    SecondControlStream,
    #[error("more than {LANES_MAX} lanes")]
    TooManyLanes,
    #[error("the stream ended in the middle of a frame")]
    Truncated,
    #[error("call id {id} is beyond the limit or still in use")]
    BadCallId { id: u32 },
    #[error("a stream before the hello")]
    StreamBeforeHello,
    #[error("unknown flags {flags:#04x}")]
    UnknownFlags { flags: u8 },
    #[error("the optional fields do not fit their length")]
    BadFields,
    #[error("the hello does not start with the protocol's magic")]
    BadMagic,
}
