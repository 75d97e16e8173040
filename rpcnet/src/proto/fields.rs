//! Optional fields of a head: how the protocol grows without a new version.
//!
//! A block of fields is `length: u16`, then for each field `tag: u8, length: u16, value`. A tag from 0x80 is
//! critical: a peer that does not know it must refuse the call. Any other unknown tag is skipped.
//! `docs/WIRE.md` lists the reserved tags.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::ProtocolError;

/// The fields of one head, as far as this version cares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// See [`Metadata`](crate::Metadata); empty for none.
    pub(crate) metadata: Bytes,
    /// A critical field that this version does not know: the call must be refused.
    pub(crate) unknown_critical: Option<u8>,
}

impl Fields {
    /// Reads a block of fields off the front of `input`.
    pub(crate) fn read(input: &mut Bytes) -> Result<Self, ProtocolError> {
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
            let value = input.split_to(length);
            left -= length;
            match tag {
                METADATA => fields.metadata = value,
                _ if tag & CRITICAL != 0 => {
                    fields.unknown_critical.get_or_insert(tag);
                }
                _ => {}
            }
        }
        Ok(fields)
    }

    /// Whether there is a block to write at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.metadata.is_empty()
    }

    /// Bytes of the block.
    pub(crate) fn bytes(&self) -> usize {
        if self.is_empty() { 0 } else { LENGTH_BYTES + FIELD_HEADER_BYTES + self.metadata.len() }
    }

    /// Appends the block.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        if !self.is_empty() {
            // Both lengths fit: metadata is bounded far below.
            out.put_u16_le((FIELD_HEADER_BYTES + self.metadata.len()) as u16);
            out.put_u8(METADATA);
            out.put_u16_le(self.metadata.len() as u16);
            out.put_slice(&self.metadata);
        }
    }
}

const METADATA: u8 = 0x01;
const LENGTH_BYTES: usize = 2;
const FIELD_HEADER_BYTES: usize = 3;
const CRITICAL: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Result<Option<u8>, ProtocolError>) {
        let read = Fields::read(&mut Bytes::copy_from_slice(bytes)).map(|fields| fields.unknown_critical);
        assert_eq!(read, expected, "{bytes:02x?}");
    }

    #[test]
    fn unknown_optional_fields_are_skipped() {
        check(&[0, 0], Ok(None));
        check(&[5, 0, 0x02, 2, 0, 9, 9], Ok(None));
    }

    #[test]
    fn an_unknown_critical_field_is_reported() {
        check(&[7, 0, 0x01, 0, 0, 0x84, 1, 0, 9], Ok(Some(0x84)));
    }

    #[test]
    fn metadata_survives_a_round_trip() {
        let fields = Fields { metadata: Bytes::from_static(b"hi"), unknown_critical: None };
        let mut out = BytesMut::new();
        fields.put(&mut out);
        assert_eq!(&out[..], [5, 0, 0x01, 2, 0, b'h', b'i']);
        assert_eq!(out.len(), fields.bytes());
        assert_eq!(Fields::read(&mut out.freeze()), Ok(fields));
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        check(&[1], Err(ProtocolError::BadFields));
        check(&[9, 0, 0x01], Err(ProtocolError::BadFields));
        check(&[2, 0, 0x01, 0], Err(ProtocolError::BadFields));
        check(&[4, 0, 0x01, 9, 0, 1], Err(ProtocolError::BadFields));
    }
}
