//! Why bytes are not the value that they should be.

use std::fmt;

use serde::de;

use super::DEPTH_MAX;

/// Why bytes are not the value that they should be.
#[derive(Debug)]
pub(crate) enum DecodeError {
    Truncated,
    /// A byte that begins no value, or none that belongs here.
    Marker(u8),
    /// A container has more elements than what it is read into.
    TooLong,
    NotUtf8,
    TooDeep,
    /// What the type itself says.
    Custom(Box<str>),
}

impl de::Error for DecodeError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Custom(message.to_string().into())
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("it ends in the middle of a value"),
            Self::Marker(marker) => write!(f, "the byte {marker:#04x} begins no value that belongs there"),
            Self::TooLong => f.write_str("a container has more elements than its type"),
            Self::NotUtf8 => f.write_str("a string is not UTF-8"),
            Self::TooDeep => write!(f, "values are nested more than {DEPTH_MAX} deep"),
            Self::Custom(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for DecodeError {}
