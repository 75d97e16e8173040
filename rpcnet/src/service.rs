//! The contract between the runtime and a service: a call comes in, a reply goes out.

use std::future::Future;

use bytes::Bytes;

use crate::{
    Method, RpcError, ServiceDescriptor,
    codec::{self, Arguments as _, Scratch},
    proto::Status,
    signature::{Signature, WireOutcome},
};

/// What a server can serve. `#[rpcnet::service]` implements it for the generated `XServer`.
///
/// A call takes the service by value, so that its future owns what it needs: cloning must be cheap. Middleware
/// wraps one service into another without a box between them.
pub trait Service: Clone + Send + Sync + 'static {
    /// The service's name and methods.
    const DESCRIPTOR: &'static ServiceDescriptor;

    /// Serves one call of one of the methods.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at an await when the caller goes away or the deadline passes, unless the method says
    /// `no_cancel`.
    fn call(self, call: IncomingCall) -> impl Future<Output = Reply> + Send;
}

/// A call as it arrived: which method, and its message, not yet decoded.
#[derive(Debug)]
pub struct IncomingCall {
    method_id: u64,
    message: Bytes,
}

/// How a call ended, encoded.
#[derive(Debug)]
pub struct Reply {
    pub(crate) status: Status,
    pub(crate) message: Message,
}

/// The message of a reply: in a buffer that is reused, or shared.
#[derive(Debug)]
pub(crate) enum Message {
    Scratch(Scratch),
    Shared(Bytes),
}

impl IncomingCall {
    pub(crate) fn new(method_id: u64, message: Bytes) -> Self {
        Self { method_id, message }
    }

    /// Whether it calls `method`.
    pub fn is(&self, method: &Method) -> bool {
        self.method_id == method.id()
    }

    /// The message, not decoded.
    pub(crate) fn into_message(self) -> Bytes {
        self.message
    }

    /// Decodes the arguments, runs `handler` with them and encodes what it returns.
    pub async fn unary<S, const METHOD: usize, H, F>(self, method: &'static Method, handler: H) -> Reply
    where
        S: Signature<METHOD>,
        H: FnOnce(S::Arguments) -> F,
        F: Future<Output = S::Output>,
    {
        let arguments = match S::Arguments::decode(method.arguments(), &self.message) {
            Ok(arguments) => arguments,
            Err(error) => return Reply::status(Status::MalformedRequest, error.to_string()),
        };
        // The handler may run for long: let go of the packet buffer that the message is a slice of.
        drop(self.message);
        handler(arguments).await.into_reply()
    }

    /// The reply to a method that the service does not have.
    pub fn unknown_method(self) -> Reply {
        Reply::status(Status::UnknownMethod, "")
    }
}

impl Reply {
    /// A reply without a value; `detail` tells people more.
    pub(crate) fn status(status: Status, detail: impl Into<Bytes>) -> Self {
        Self { status, message: Message::Shared(detail.into()) }
    }

    pub(crate) fn encode<T: serde::Serialize>(status: Status, value: &T) -> Self {
        let mut scratch = Scratch::take();
        match codec::encode(value, &mut scratch.bytes) {
            Ok(()) => Self { status, message: Message::Scratch(scratch) },
            Err(error) => Self::status(Status::Internal, error.to_string()),
        }
    }

    /// Replaces a message that the caller would not accept.
    pub(crate) fn bounded(self, message_bytes_max: usize) -> Self {
        let length = self.message.as_slice().len();
        if length <= message_bytes_max {
            return self;
        }
        match self.status {
            Status::Ok | Status::Application => {
                let text = format!("{length} bytes, {message_bytes_max} are allowed");
                Self::status(
                    Status::ResponseTooLarge,
                    if text.len() <= message_bytes_max { text } else { String::new() },
                )
            }
            // The status says it all; its text is for people who would like to know more.
            status => Self::status(status, ""),
        }
    }

    /// The reply as its caller's result: the encoded value, or an error whose body is the handler's encoded error.
    pub(crate) fn into_result(self) -> Result<Bytes, RpcError> {
        match self.status {
            Status::Ok => Ok(self.message.into_bytes()),
            status => Err(RpcError::from_status(status, self.message.into_bytes())),
        }
    }
}

impl Message {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Scratch(scratch) => &scratch.bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Self::Scratch(scratch) => scratch.freeze(),
            Self::Shared(bytes) => bytes,
        }
    }
}
