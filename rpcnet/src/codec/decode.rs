//! Values from MessagePack.
//!
//! It reads what rmp-serde writes, and takes what rmp-serde's own reader takes. That one wants a message in one piece, which
//! for a large one is a copy more, and has no limit for how deep enums are nested: a peer can overflow the stack, and so
//! end the process, with a message of a recursive one (rmp-serde 1.3).

mod access;
mod error;
mod marker;

pub(crate) use error::DecodeError;

use serde::{
    de::{
        self, Deserialize, Visitor,
        value::{SeqAccessDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use self::{
    access::{Elements, Extension, Variant},
    marker::*,
};
use super::cursor::{Cursor, Taken};

/// Reads a `T` from the front of a message.
pub(super) fn read<'de, T: Deserialize<'de>>(cursor: Cursor<'de>) -> Result<T, DecodeError> {
    T::deserialize(&mut Decoder::new(cursor))
}

/// One message being read.
pub(super) struct Decoder<'de> {
    cursor: Cursor<'de>,
    /// How many containers may still be entered.
    depth: u16,
    /// How many newtypes and `Some`s: they take no byte of the message, so that a type of nothing else would never end.
    wrappers: u16,
}

impl<'de> Decoder<'de> {
    pub(super) fn new(cursor: Cursor<'de>) -> Self {
        Self { cursor, depth: DEPTH_MAX, wrappers: WRAPPERS_MAX }
    }

    /// Reads whatever comes. To be read as a sequence, bytes are one of numbers.
    fn value<V: Visitor<'de>>(&mut self, visitor: V, bytes_as_sequence: bool) -> Result<V::Value, DecodeError> {
        let marker = self.cursor.byte()?;
        match marker {
            0x80..=0x8f => self.map(u32::from(marker & 0x0f), &[], visitor),
            MAP_16 | MAP_32 => {
                let length = self.length(marker - MAP_16 + 1)?;
                self.map(length, &[], visitor)
            }
            0x90..=0x9f => self.sequence(u32::from(marker & 0x0f), visitor),
            ARRAY_16 | ARRAY_32 => {
                let length = self.length(marker - ARRAY_16 + 1)?;
                self.sequence(length, visitor)
            }
            0xa0..=0xbf => self.string(u32::from(marker & 0x1f), visitor),
            STR_8..=STR_32 => {
                let length = self.length(marker - STR_8)?;
                self.string(length, visitor)
            }
            BIN_8..=BIN_32 => {
                let length = self.length(marker - BIN_8)?;
                let bytes = self.take(length)?;
                match bytes {
                    _ if bytes_as_sequence => visit_sequence(bytes.as_slice(), visitor),
                    Taken::Borrowed(bytes) => visitor.visit_borrowed_bytes(bytes),
                    Taken::Owned(bytes) => visitor.visit_byte_buf(bytes),
                }
            }
            EXT_8..=EXT_32 | FIX_EXT_1..=FIX_EXT_16 => self.extension(marker, visitor),
            _ => self.scalar(marker, visitor),
        }
    }

    /// Numbers, truth and nothing.
    #[inline]
    fn scalar<V: Visitor<'de>>(&mut self, marker: u8, visitor: V) -> Result<V::Value, DecodeError> {
        match marker {
            0x00..=0x7f => visitor.visit_u8(marker),
            0xe0..=0xff => visitor.visit_i8(marker as i8),
            NIL => visitor.visit_unit(),
            FALSE => visitor.visit_bool(false),
            TRUE => visitor.visit_bool(true),
            0xca => visitor.visit_f32(f32::from_be_bytes(self.cursor.array()?)),
            0xcb => visitor.visit_f64(f64::from_be_bytes(self.cursor.array()?)),
            0xcc => visitor.visit_u8(self.cursor.byte()?),
            0xcd => visitor.visit_u16(u16::from_be_bytes(self.cursor.array()?)),
            0xce => visitor.visit_u32(u32::from_be_bytes(self.cursor.array()?)),
            0xcf => visitor.visit_u64(u64::from_be_bytes(self.cursor.array()?)),
            0xd0 => visitor.visit_i8(i8::from_be_bytes(self.cursor.array()?)),
            0xd1 => visitor.visit_i16(i16::from_be_bytes(self.cursor.array()?)),
            0xd2 => visitor.visit_i32(i32::from_be_bytes(self.cursor.array()?)),
            0xd3 => visitor.visit_i64(i64::from_be_bytes(self.cursor.array()?)),
            other => Err(DecodeError::Marker(other)),
        }
    }

    /// A length of 1, 2 or 4 bytes.
    #[inline]
    fn length(&mut self, size: u8) -> Result<u32, DecodeError> {
        Ok(match size {
            0 => self.cursor.byte()?.into(),
            1 => u16::from_be_bytes(self.cursor.array()?).into(),
            _ => u32::from_be_bytes(self.cursor.array()?),
        })
    }

    #[inline]
    fn take(&mut self, length: u32) -> Result<Taken<'de>, DecodeError> {
        self.cursor.take(length as usize)
    }

    #[inline]
    fn string<V: Visitor<'de>>(&mut self, length: u32, visitor: V) -> Result<V::Value, DecodeError> {
        match self.take(length)? {
            Taken::Borrowed(bytes) => match str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                // MessagePack knew no type for bytes once, and strings served as such.
                Err(_) => visitor.visit_borrowed_bytes(bytes).map_err(|_: DecodeError| DecodeError::NotUtf8),
            },
            Taken::Owned(bytes) => match String::from_utf8(bytes) {
                Ok(text) => visitor.visit_string(text),
                Err(bytes) => visitor.visit_byte_buf(bytes.into_bytes()).map_err(|_: DecodeError| DecodeError::NotUtf8),
            },
        }
    }

    #[inline]
    fn sequence<V: Visitor<'de>>(&mut self, left: u32, visitor: V) -> Result<V::Value, DecodeError> {
        self.deeper(|decoder| {
            let mut elements = Elements { decoder, left, fields: &[] };
            let value = visitor.visit_seq(&mut elements)?;
            elements.end(value)
        })
    }

    #[inline]
    fn map<V: Visitor<'de>>(
        &mut self,
        left: u32,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deeper(|decoder| {
            let mut elements = Elements { decoder, left, fields };
            let value = visitor.visit_map(&mut elements)?;
            elements.end(value)
        })
    }

    /// Extensions are pairs of a tag and bytes, in a newtype.
    #[cold]
    fn extension<V: Visitor<'de>>(&mut self, marker: u8, visitor: V) -> Result<V::Value, DecodeError> {
        let length = match marker {
            FIX_EXT_1..=FIX_EXT_16 => 1 << (marker - FIX_EXT_1),
            EXT_8..=EXT_32 => self.length(marker - EXT_8)?,
            other => return Err(DecodeError::Marker(other)),
        };
        let tag = i8::from_be_bytes(self.cursor.array()?);
        let extension = Extension { tag: Some(tag), data: Some(self.take(length)?) };
        self.deeper(|_| visitor.visit_newtype_struct(SeqAccessDeserializer::new(extension)))
    }

    #[inline(always)]
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        self.depth = self.depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        let value = read(self)?;
        self.depth += 1;
        Ok(value)
    }

    #[inline(always)]
    fn wrapped<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        self.wrappers = self.wrappers.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        let value = read(self)?;
        self.wrappers += 1;
        Ok(value)
    }

    /// Whole numbers of 128 bits are 16 bytes where they don't fit the format's own.
    fn wide(&mut self) -> Result<[u8; 16], DecodeError> {
        self.cursor.byte()?;
        match self.cursor.byte()? {
            16 => self.cursor.array(),
            _ => Err(DecodeError::Marker(BIN_8)),
        }
    }

    /// Passes over a value. It does not nest, so neither does this.
    fn skip(&mut self) -> Result<(), DecodeError> {
        let mut values = 1_u64;
        while values > 0 {
            let marker = self.cursor.byte()?;
            values -= 1;
            let bytes = match marker {
                0x80..=0x8f => {
                    values += 2 * u64::from(marker & 0x0f);
                    0
                }
                0x90..=0x9f => {
                    values += u64::from(marker & 0x0f);
                    0
                }
                MAP_16 | MAP_32 => {
                    values += 2 * u64::from(self.length(marker - MAP_16 + 1)?);
                    0
                }
                ARRAY_16 | ARRAY_32 => {
                    values += u64::from(self.length(marker - ARRAY_16 + 1)?);
                    0
                }
                0xa0..=0xbf => u32::from(marker & 0x1f),
                STR_8..=STR_32 => self.length(marker - STR_8)?,
                BIN_8..=BIN_32 => self.length(marker - BIN_8)?,
                EXT_8..=EXT_32 => {
                    let length = self.length(marker - EXT_8)?;
                    self.cursor.byte()?;
                    length
                }
                FIX_EXT_1..=FIX_EXT_16 => 1 + (1 << (marker - FIX_EXT_1)),
                0xca | 0xce | 0xd2 => 4,
                0xcb | 0xcf | 0xd3 => 8,
                0xcc | 0xd0 => 1,
                0xcd | 0xd1 => 2,
                RESERVED => return Err(DecodeError::Marker(marker)),
                _ => 0,
            };
            self.cursor.pass(bytes as usize)?;
        }
        Ok(())
    }
}

macro_rules! scalars {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            let marker = self.cursor.byte()?;
            self.scalar(marker, visitor)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &mut Decoder<'de> {
    type Error = DecodeError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.value(visitor, false)
    }

    scalars! {
        deserialize_bool deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_f32 deserialize_f64
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.cursor.peek()? {
            BIN_8 => visitor.visit_i128(i128::from_be_bytes(self.wide()?)),
            _ => self.deserialize_i64(visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.cursor.peek()? {
            BIN_8 => visitor.visit_u128(u128::from_be_bytes(self.wide()?)),
            _ => self.deserialize_u64(visitor),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.cursor.peek()? {
            marker @ 0xa0..=0xbf => {
                self.cursor.byte()?;
                self.string(u32::from(marker & 0x1f), visitor)
            }
            _ => self.value(visitor, false),
        }
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.cursor.peek()? == NIL {
            self.cursor.byte()?;
            return visitor.visit_none();
        }
        self.wrapped(|decoder| visitor.visit_some(decoder))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        if matches!(self.cursor.peek()?, NIL | EMPTY_ARRAY) {
            self.cursor.byte()?;
            return visitor.visit_unit();
        }
        self.value(visitor, false)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        if name == rmp_serde::MSGPACK_EXT_STRUCT_NAME {
            let marker = self.cursor.byte()?;
            return self.extension(marker, visitor);
        }
        self.wrapped(|decoder| visitor.visit_newtype_struct(decoder))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.value(visitor, true)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.value(visitor, true)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.value(visitor, true)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.cursor.peek()? {
            marker @ 0x80..=0x8f => {
                self.cursor.byte()?;
                self.map(u32::from(marker & 0x0f), fields, visitor)
            }
            _ => self.value(visitor, true),
        }
    }

    /// A variant without data is its name, another one a map from its name to its data.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.cursor.peek()? {
            ONE_ENTRY => {
                self.cursor.byte()?;
                self.deeper(|decoder| visitor.visit_enum(Variant { decoder, has_data: true }))
            }
            marker @ (0x80..=0x9f | ARRAY_16..=MAP_32) => Err(DecodeError::Marker(marker)),
            _ => visitor.visit_enum(Variant { decoder: self, has_data: false }),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf unit map string char }
}

fn visit_sequence<'de, V: Visitor<'de>>(bytes: &[u8], visitor: V) -> Result<V::Value, DecodeError> {
    visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
}

/// What a type that contains itself may be nested: enough for any that people write, and, at some hundred bytes of
/// stack a level, far from the end of a thread's. It is what serde_json allows.
const DEPTH_MAX: u16 = 128;

/// Four around each container of a value that is as deep as allowed.
const WRAPPERS_MAX: u16 = 4 * DEPTH_MAX;

#[cfg(test)]
mod tests;
