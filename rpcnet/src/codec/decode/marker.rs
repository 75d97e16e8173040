//! The bytes that values begin with: <https://github.com/msgpack/msgpack/blob/master/spec.md>.

pub(super) const EMPTY_ARRAY: u8 = 0x90;
pub(super) const ONE_ENTRY: u8 = 0x81;
pub(super) const NIL: u8 = 0xc0;
pub(super) const RESERVED: u8 = 0xc1;
pub(super) const FALSE: u8 = 0xc2;
pub(super) const TRUE: u8 = 0xc3;
pub(super) const BIN_8: u8 = 0xc4;
pub(super) const BIN_32: u8 = 0xc6;
pub(super) const EXT_8: u8 = 0xc7;
pub(super) const EXT_32: u8 = 0xc9;
pub(super) const FIX_EXT_1: u8 = 0xd4;
pub(super) const FIX_EXT_16: u8 = 0xd8;
pub(super) const STR_8: u8 = 0xd9;
pub(super) const STR_32: u8 = 0xdb;
pub(super) const ARRAY_16: u8 = 0xdc;
pub(super) const ARRAY_32: u8 = 0xdd;
pub(super) const MAP_16: u8 = 0xde;
pub(super) const MAP_32: u8 = 0xdf;
