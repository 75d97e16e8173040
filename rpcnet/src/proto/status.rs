//! How a call ended, as one byte of its response.

/// The terminal status of a call.
///
/// The ranges carry meaning of their own, so that a peer can act on a status that is newer than itself:
/// 0x10 to 0x1f say that the handler never ran, 0x20 to 0x2f that it did. Others say nothing about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The message is the encoded value.
    Ok,
    /// The message is the handler's own error, encoded.
    Application,
    /// No service here has this method.
    UnknownMethod,
    /// A limit on concurrent calls was reached.
    Overloaded,
    /// The server is going away.
    Draining,
    /// The request is larger than the server takes.
    RequestTooLarge,
    /// The arguments could not be decoded.
    MalformedRequest,
    /// The deadline had passed when the request arrived.
    Expired,
    /// The request carries a critical field that the server does not know.
    Unsupported,
    /// The call was cancelled before its handler ran.
    CancelledBeforeStart,
    /// The handler panicked, or the server failed in another way of its own.
    Internal,
    /// The call was cancelled and its handler dropped.
    Cancelled,
    /// The deadline passed while the handler ran.
    DeadlineExceeded,
    /// The handler's answer is larger than the client or the server allows.
    ResponseTooLarge,
    /// A refusal that this version does not know.
    UnknownRefusal(u8),
    /// A failure that this version does not know.
    UnknownFailure(u8),
}

impl Status {
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Ok => 0x00,
            Self::Application => 0x01,
            Self::UnknownMethod => 0x10,
            Self::Overloaded => 0x11,
            Self::Draining => 0x12,
            Self::RequestTooLarge => 0x13,
            Self::MalformedRequest => 0x14,
            Self::Expired => 0x15,
            Self::Unsupported => 0x16,
            Self::CancelledBeforeStart => 0x17,
            Self::Internal => 0x20,
            Self::Cancelled => 0x21,
            Self::DeadlineExceeded => 0x22,
            Self::ResponseTooLarge => 0x23,
            Self::UnknownRefusal(byte) | Self::UnknownFailure(byte) => byte,
        }
    }

    /// Whether the handler ran, as far as it says so.
    pub(crate) const fn has_run(self) -> Option<bool> {
        match self.byte() {
            0x00 | 0x01 | 0x20..=0x2f => Some(true),
            0x10..=0x1f => Some(false),
            0x02..=0x0f | 0x30.. => None,
        }
    }

    pub(crate) const fn from_byte(byte: u8) -> Self {
        match byte {
            0x00 => Self::Ok,
            0x01 => Self::Application,
            0x10 => Self::UnknownMethod,
            0x11 => Self::Overloaded,
            0x12 => Self::Draining,
            0x13 => Self::RequestTooLarge,
            0x14 => Self::MalformedRequest,
            0x15 => Self::Expired,
            0x16 => Self::Unsupported,
            0x17 => Self::CancelledBeforeStart,
            0x20 => Self::Internal,
            0x21 => Self::Cancelled,
            0x22 => Self::DeadlineExceeded,
            0x23 => Self::ResponseTooLarge,
            0x18..=0x1f => Self::UnknownRefusal(byte),
            _ => Self::UnknownFailure(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_being_read_and_written() {
        for byte in 0..=u8::MAX {
            assert_eq!(Status::from_byte(byte).byte(), byte);
        }
    }

    #[test]
    fn a_newer_refusal_is_still_a_refusal() {
        assert_eq!(Status::from_byte(0x1f), Status::UnknownRefusal(0x1f));
        assert_eq!(Status::from_byte(0x2f), Status::UnknownFailure(0x2f));
    }
}
