//! The way to the network: QUIC, its TLS, and streams cut into frames.

pub(crate) mod frames;
pub(crate) mod path;
pub(crate) mod quic;
pub(crate) mod tls;
