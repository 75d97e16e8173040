//! Values to bytes and back: MessagePack with field names, so that rolling upgrades work.
//!
//! rmp-serde writes them, and `decode` reads them.
//!
//! Structs travel as maps: unknown fields are ignored and `#[serde(default)]` fills in what is missing.
//! `Vec<u8>` and other containers of bytes travel as binary, not as arrays of numbers.

mod arguments;
mod body;
mod cursor;
mod decode;
mod scratch;

pub(crate) use arguments::Arguments;
pub(crate) use body::{Body, BodyBuilder};
pub(crate) use cursor::Cursor;
pub(crate) use scratch::Scratch;

use bytes::Bytes;
use rmp_serde::{
    Serializer,
    config::{BytesMode, DefaultConfig, StructMapConfig},
};
use serde::{Serialize, de::DeserializeOwned};

use self::decode::DecodeError;
use crate::{ErrorKind, Executed, RpcError, proto::LANE_MESSAGE_BYTES_MAX};

/// Appends `value` to `out`.
pub(crate) fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), RpcError> {
    value.serialize(&mut serializer(out)).map_err(|error| {
        let message = format!("a `{}` can't be encoded", std::any::type_name::<T>());
        RpcError::new(ErrorKind::Serialization, Executed::No, message).with_source(error)
    })
}

/// Reads a `T` from the front of a message. What follows is ignored, as unknown fields are.
pub(crate) fn decode<'a, T: DeserializeOwned>(message: impl Into<Cursor<'a>>) -> Result<T, RpcError> {
    decode::read(message.into()).map_err(undecodable::<T>)
}

#[cold]
fn undecodable<T>(error: DecodeError) -> RpcError {
    let message = format!(
        "the message is no `{}`; do both sides use the same version of the service?",
        std::any::type_name::<T>()
    );
    RpcError::new(ErrorKind::Serialization, Executed::Yes, message).with_source(error)
}

/// The message in a buffer of its own if it is small: a slice of a packet buffer keeps all of that alive.
pub(crate) fn unpinned(message: Bytes) -> Bytes {
    if message.len() <= LANE_MESSAGE_BYTES_MAX { Bytes::copy_from_slice(&message) } else { message }
}

fn serializer(out: &mut Vec<u8>) -> Serializer<&mut Vec<u8>, StructMapConfig<DefaultConfig>> {
    Serializer::new(out).with_bytes(BytesMode::ForceIterables).with_struct_map()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    fn encoded(value: &impl Serialize) -> Vec<u8> {
        let mut out = Vec::new();
        encode(value, &mut out).expect("a value that can be encoded");
        out
    }

    #[test]
    fn structs_travel_as_maps_with_field_names() {
        #[derive(Serialize)]
        struct Point {
            x: u8,
            y: u8,
        }
        assert_eq!(encoded(&Point { x: 1, y: 2 }), [0x82, 0xa1, b'x', 1, 0xa1, b'y', 2]);
    }

    #[test]
    fn byte_vectors_travel_as_binary() {
        let bytes = vec![200_u8; 3];
        assert_eq!(encoded(&bytes), [0xc4, 3, 200, 200, 200]);
        assert_eq!(decode::<Vec<u8>>(&*encoded(&bytes)).expect("bytes"), bytes);
    }

    #[test]
    fn a_newer_peer_may_add_fields_and_an_older_one_may_lack_them() {
        #[derive(Serialize)]
        struct Newer {
            name: String,
            added: u32,
        }
        #[derive(Deserialize, Debug, PartialEq)]
        struct Older {
            name: String,
            #[serde(default)]
            missing: u32,
        }
        let newer = Newer { name: "a".into(), added: 7 };
        assert_eq!(newer.added, 7);
        let older = decode::<Older>(&*encoded(&newer)).expect("unknown fields are ignored");
        assert_eq!(older, Older { name: "a".into(), missing: 0 });
    }

    #[test]
    fn what_is_no_value_of_the_type_is_an_error_that_names_it() {
        let error = decode::<String>(&[0xc1][..]).expect_err("0xc1 is never used in MessagePack");
        assert_eq!(error.kind(), ErrorKind::Serialization);
        assert!(error.to_string().contains("String"), "{error}");
    }
}
