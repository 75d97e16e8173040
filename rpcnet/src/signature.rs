//! The types of a service's methods, apart from what the methods do.

use bytes::Bytes;

use crate::{
    CallError, CallResult, Outcome, Reply, RpcError, Streaming,
    channel::Answer,
    codec::{self, Arguments, Cursor},
    outcome::Wire,
    proto::Status,
};

/// The types of the method that has the place `METHOD` in its trait. The macro implements it for the table of methods.
///
/// That the types can travel is asked for here and nowhere else: client and server take it from this trait's bounds.
/// Were it a bound of what they call, each of them would complain about one and the same type.
pub trait Signature<const METHOD: usize> {
    /// What the request carries.
    type Arguments: Arguments;
    /// What the handler returns.
    type Output: WireOutcome;
}

/// What the requests of a method are that has a stream of them. The macro implements it beside [`Signature`], where
/// `Arguments` are those before the stream.
pub trait RequestSignature<const METHOD: usize>: Signature<METHOD> {
    /// One request.
    type Request: 'static;
    /// The stream of them, as the handler takes it.
    type Requests: RequestStream<Self::Request>;
}

/// A [`Streaming`] of requests that can travel.
///
/// The macro knows a stream of requests by its name, and by this whether it is ours. As [`WireOutcome`], it has
/// functions of its own, rather than [`Wire`] as a bound on the requests, so that rustc reports one thing.
#[diagnostic::on_unimplemented(
    message = "a stream of requests is rpcnet's own `Streaming<T>`",
    label = "not `rpcnet::Streaming<T>`",
    note = "write `use rpcnet::Streaming;`, or give the other type another name"
)]
pub trait RequestStream<T> {
    /// The stream, which is `Self`.
    fn of(requests: Streaming<T>) -> Self;

    /// Appends a request to `out`.
    fn encode(request: &T, out: &mut Vec<u8>) -> Result<(), RpcError>;

    /// Decodes a request.
    fn decode(message: Bytes) -> Result<T, RpcError>;
}

impl<T: Wire> RequestStream<T> for Streaming<T> {
    fn of(requests: Self) -> Self {
        requests
    }

    fn encode(request: &T, out: &mut Vec<u8>) -> Result<(), RpcError> {
        codec::encode(request, out)
    }

    fn decode(message: Bytes) -> Result<T, RpcError> {
        codec::decode(&*message)
    }
}

/// A `Result` of which both types can travel.
///
/// It has functions of its own, rather than bounds on the types of [`Outcome`], because rustc names the type that is
/// at fault for an unmet bound of an impl, and a projection for one of an associated type.
#[diagnostic::on_unimplemented(
    message = "a service's method must return a `Result`",
    label = "not a `Result<T, E>`",
    note = "write `-> Result<T, E>`, where both types derive `Serialize` and `Deserialize`"
)]
pub trait WireOutcome: Outcome {
    /// Encodes what a handler returned.
    fn into_reply(self) -> Reply;

    /// Decodes what the caller is given.
    fn from_answer(answer: Answer) -> Result<CallResult<Self>, RpcError>;

    /// Appends the value to `out`, or makes the reply that ends a stream.
    fn encode_item(self, out: &mut Vec<u8>) -> Result<(), Reply>;

    /// Encodes the error of a handler that does not even begin to stream.
    fn error_reply(error: Self::Error) -> Reply;

    /// Decodes a value.
    fn decode_value(message: Cursor<'_>) -> Result<Self::Ok, RpcError>;

    /// Decodes the application's error.
    fn decode_error(body: &[u8]) -> Result<Self::Error, RpcError>;
}

impl<T: Wire, E: Wire> WireOutcome for Result<T, E> {
    fn into_reply(self) -> Reply {
        match self {
            Ok(value) => Reply::encode(Status::Ok, &value),
            Err(error) => Reply::encode(Status::Application, &error),
        }
    }

    fn from_answer(answer: Answer) -> Result<CallResult<Self>, RpcError> {
        match answer.status {
            Status::Ok => codec::decode(&answer.message).map(Ok),
            Status::Application => codec::decode(&answer.message).map(|error| Err(CallError::Application(error))),
            status => Err(RpcError::from_status(status, answer.message.into_bytes())),
        }
    }

    fn encode_item(self, out: &mut Vec<u8>) -> Result<(), Reply> {
        let value = self.map_err(Self::error_reply)?;
        codec::encode(&value, out).map_err(|error| Reply::status(Status::Internal, error.to_string()))
    }

    fn error_reply(error: E) -> Reply {
        Reply::encode(Status::Application, &error)
    }

    fn decode_value(message: Cursor<'_>) -> Result<T, RpcError> {
        codec::decode(message)
    }

    fn decode_error(body: &[u8]) -> Result<E, RpcError> {
        codec::decode(body)
    }
}
