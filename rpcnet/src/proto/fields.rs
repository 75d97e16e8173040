//! Optional fields of a head: how the protocol grows without a new version.
//!
//! A block of fields is `length: u16`, then for each field `tag: u8, length: u16, value`. A tag from 0x80 is
//! critical: a peer that does not know it must refuse the call. Any other unknown tag is skipped.
//! `docs/WIRE.md` lists the reserved tags.

use bytes::Buf;

use super::ProtocolError;

/// The fields of one head, as far as this version cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// A critical field that this version does not know: the call must be refused.
    pub(crate) unknown_critical: Option<u8>,
}

impl Fields {
    /// Reads a block of fields off the front of `input`.
    pub(crate) fn read(input: &mut impl Buf) -> Result<Self, ProtocolError> {
        let mut left = usize::from(input.try_get_u16_le().map_err(|_| ProtocolError::BadFields)?);
        if left > input.remaining() {
            return Err(ProtocolError::BadFields);
        }
        let mut fields = Self::default();
        while left > 0 {
            if left < FIELD_HEADER_BYTES {
                return Err(ProtocolError::BadFields);
            }
            let tag = input.get_u8();
            let length = usize::from(input.get_u16_le());
            left -= FIELD_HEADER_BYTES;
            if length > left {
                return Err(ProtocolError::BadFields);
            }
            input.advance(length);
            left -= length;
            if tag & CRITICAL != 0 {
                fields.unknown_critical.get_or_insert(tag);
            }
        }
        Ok(fields)
    }
}

const FIELD_HEADER_BYTES: usize = 3;
const CRITICAL: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Result<Option<u8>, ProtocolError>) {
        let read = Fields::read(&mut &bytes[..]).map(|fields| fields.unknown_critical);
        assert_eq!(read, expected, "{bytes:02x?}");
    }

    #[test]
    fn unknown_optional_fields_are_skipped() {
        check(&[0, 0], Ok(None));
        check(&[5, 0, 0x01, 2, 0, 9, 9], Ok(None));
    }

    #[test]
    fn an_unknown_critical_field_is_reported() {
        check(&[7, 0, 0x01, 0, 0, 0x84, 1, 0, 9], Ok(Some(0x84)));
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        check(&[1], Err(ProtocolError::BadFields));
        check(&[9, 0, 0x01], Err(ProtocolError::BadFields));
        check(&[2, 0, 0x01, 0], Err(ProtocolError::BadFields));
        check(&[4, 0, 0x01, 9, 0, 1], Err(ProtocolError::BadFields));
    }
}
