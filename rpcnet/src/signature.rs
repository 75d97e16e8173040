//! The types of a service's methods, apart from what the methods do.

use crate::{
    CallError, CallResult, Outcome, Reply, RpcError, Streaming,
    channel::Answer,
    codec::{self, Arguments, Cursor},
    outcome::Payload,
    proto::Status,
};

/// The types of the method that has the place `METHOD` in its trait. The macro implements it for the table of methods.
///
/// Whether the types can travel is asked by [`fits!`](crate::__fits) and nowhere else, and `Types` depends on it: where
/// that has an error, this is a type with an error in it, and rustc says nothing more about such a type. Were bounds
/// asked of the user's types, then this, the client, the server and each call would complain about one and the same type.
pub trait Signature<const METHOD: usize> {
    /// `(Arguments, Output)`, or with a stream of requests, `(Arguments, Streaming<Request>, Output)`.
    type Types: Types;
}

/// The types of a method's [`Signature`].
pub trait Types {
    /// What the request carries, or the first message of a call that has a stream of them.
    type Arguments: Arguments;
    /// What the handler returns, or the items that it streams.
    type Output: WireOutcome;
}

/// The same, with a stream of requests.
pub trait RequestTypes: Types {
    /// One request.
    type Request: Payload + 'static;
}

impl<A: Arguments, O: WireOutcome> Types for (A, O) {
    type Arguments = A;
    type Output = O;
}

impl<A: Arguments, R: Payload + 'static, O: WireOutcome> Types for (A, Streaming<R>, O) {
    type Arguments = A;
    type Output = O;
}

impl<A: Arguments, R: Payload + 'static, O: WireOutcome> RequestTypes for (A, Streaming<R>, O) {
    type Request = R;
}

/// What the requests of a method `METHOD` of the table `S` carry.
pub(crate) type ArgumentsOf<S, const METHOD: usize> = <<S as Signature<METHOD>>::Types as Types>::Arguments;

/// What the method `METHOD` of the table `S` returns or streams.
pub type OutputOf<S, const METHOD: usize> = <<S as Signature<METHOD>>::Types as Types>::Output;

/// What the stream of requests of the method `METHOD` of the table `S` carries.
pub(crate) type RequestOf<S, const METHOD: usize> = <<S as Signature<METHOD>>::Types as RequestTypes>::Request;

/// Whether types can travel, and whether a stream of requests is rpcnet's own: true, or an error at each that is not so.
///
/// It asks by paths: in those, rustc points at the type, and has no bound of ours to tell about.
#[doc(hidden)]
#[macro_export]
macro_rules! __fits {
    ($(($ty:ty))* $(; ($requests:ty))?) => {
        true $(&& <$ty as $crate::Wire>::FITS)* $(&& <$requests as $crate::__private::OwnStream>::FITS)?
    };
}

/// `T` itself, if the types of its method fit.
pub type Checked<T, const FITS: bool> = <T as If<FITS>>::Type;

/// See [`Checked`].
pub trait If<const CONDITION: bool> {
    /// `Self`
    type Type;
}

impl<T> If<true> for T {
    type Type = Self;
}

/// The [`Streaming`] that is rpcnet's own: the macro knows a stream of requests by its name alone.
#[diagnostic::on_unimplemented(
    message = "a stream of requests is rpcnet's own `Streaming<T>`",
    label = "not `rpcnet::Streaming<T>`",
    note = "write `use rpcnet::Streaming;`, or give the other type another name"
)]
pub trait OwnStream {
    /// As [`Wire::FITS`](crate::Wire::FITS).
    const FITS: bool = true;
}

#[diagnostic::do_not_recommend]
impl<T> OwnStream for Streaming<T> {}

/// A `Result` of which both types can travel.
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

impl<T: Payload, E: Payload> WireOutcome for Result<T, E> {
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
