//! The bulk channel: state that is too large for datagrams, over an rpcnet connection.
//!
//! [`BulkService`] is the side that answers: a raw handler that a program registers at its rpcnet server. [`Link`] is the side that
//! asks; it needs no server. An exchange is two calls on one connection: a hello, which is answered with who the server
//! is and a ticket; and the request itself, sealed for that ticket. `seal` has the envelope. No connection is kept: an
//! exchange is rare, and the next one is with another node.

mod link;
mod seal;
mod service;

pub(crate) use link::Link;
pub use service::{BulkService, ServerBuilderExt};

/// The name of the method on the wire.
const BULK_METHOD: &str = "rpcnet.cluster.bulk";
/// The largest request that is answered; an answer may be as large as the server's `message_bytes_max`.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
