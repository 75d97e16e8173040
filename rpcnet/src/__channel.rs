//! What a channel over several connections is made of, for rpcnet-cluster, which is always of the same version. Not part of
//! the public API.

pub use crate::{
    channel::{Answer, Channel, Encode, Outgoing, OutgoingStream, Raw},
    client::{DirectConnection, Listener, SentCall, StreamTurn, Turn},
    streaming::{RequestSink, ResponseReceiver, StreamWatch},
};
