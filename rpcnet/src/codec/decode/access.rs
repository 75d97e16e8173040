//! What a container's visitor reads its parts from.

use serde::{
    Deserializer as _,
    de::{
        self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
        value::{BorrowedBytesDeserializer, BorrowedStrDeserializer, BytesDeserializer},
    },
};

use super::{DecodeError, Decoder, Taken, marker::NIL};

/// The elements of a sequence or a map that are still to be read.
pub(super) struct Elements<'a, 'de> {
    pub(super) decoder: &'a mut Decoder<'de>,
    pub(super) left: u32,
    /// Of a struct, those that have not come yet if they come in order.
    pub(super) fields: &'static [&'static str],
}

impl Elements<'_, '_> {
    #[inline]
    fn next<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, DecodeError>) -> Result<Option<T>, DecodeError> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                read(self).map(Some)
            }
            None => Ok(None),
        }
    }

    #[inline]
    pub(super) fn end<T>(self, value: T) -> Result<T, DecodeError> {
        if self.left == 0 { Ok(value) } else { Err(DecodeError::TooLong) }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        self.next(|elements| seed.deserialize(&mut *elements.decoder))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        self.next(|elements| {
            // Whoever writes a struct writes its fields in order. To compare a name is much less than to find out whether
            // it is UTF-8.
            if let Some((expected, later)) = elements.fields.split_first() {
                elements.fields = later;
                if elements.decoder.cursor.pass_name(expected) {
                    return seed.deserialize(BorrowedStrDeserializer::new(expected));
                }
            }
            seed.deserialize(&mut *elements.decoder)
        })
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        seed.deserialize(&mut *self.decoder)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

/// One variant of an enum.
pub(super) struct Variant<'a, 'de> {
    pub(super) decoder: &'a mut Decoder<'de>,
    pub(super) has_data: bool,
}

impl<'a, 'de> Variant<'a, 'de> {
    fn data(self, expected: &'static str) -> Result<&'a mut Decoder<'de>, DecodeError> {
        match self.has_data {
            true => Ok(self.decoder),
            false => Err(de::Error::invalid_type(Unexpected::UnitVariant, &expected)),
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), DecodeError> {
        let name = seed.deserialize(&mut *self.decoder)?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        match self.has_data.then(|| self.decoder.cursor.byte()).transpose()? {
            None | Some(NIL) => Ok(()),
            Some(marker) => Err(DecodeError::Marker(marker)),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, DecodeError> {
        seed.deserialize(self.data("newtype variant")?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.data("tuple variant")?.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.data("struct variant")?.deserialize_struct("", fields, visitor)
    }
}

/// A tag, then bytes.
pub(super) struct Extension<'de> {
    pub(super) tag: Option<i8>,
    pub(super) data: Option<Taken<'de>>,
}

impl<'de> SeqAccess<'de> for Extension<'de> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        if let Some(tag) = self.tag.take() {
            return seed.deserialize(tag.into_deserializer()).map(Some);
        }
        match self.data.take() {
            Some(Taken::Borrowed(data)) => seed.deserialize(BorrowedBytesDeserializer::new(data)).map(Some),
            Some(Taken::Owned(data)) => seed.deserialize(BytesDeserializer::new(&data)).map(Some),
            None => Ok(None),
        }
    }
}
