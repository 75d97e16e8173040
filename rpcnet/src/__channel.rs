//! What a channel over several connections is made of, for rpcnet-cluster, which is always of the same version. Not part of
//! the public API.

pub use crate::{
    channel::{Answer, Channel, Encode, Outgoing, OutgoingStream, Raw},
    client::{DirectConnection, SentCall, Turn},
    streaming::{
        RequestSink, ResponseReceiver, StreamWatch,
        call::{bidirectional, client_streaming, server_streaming},
    },
};

/// How a raw request of a stream becomes a message.
pub fn put_raw(message: &bytes::Bytes, out: &mut Vec<u8>) -> Result<(), crate::RpcError> {
    out.extend_from_slice(message);
    Ok(())
}
