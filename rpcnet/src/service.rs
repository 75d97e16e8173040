//! The contract between the runtime and a service: a call comes in, a reply goes out.

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use futures::Stream;

use crate::{
    Context, Metadata, Method, Outcome, RpcError, ServiceDescriptor, Streaming,
    codec::{self, Arguments as _, Body, Scratch},
    outcome::Payload,
    proto::{ResponseHead, Status},
    signature::{ArgumentsOf, OutputOf, RequestOf, RequestTypes, Signature, WireOutcome},
    streaming::{CallStreams, Queue, SendItems},
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
    message: Body,
    /// Of a call that has a stream of its own.
    streams: Option<CallStreams>,
}

/// How a call ended, encoded.
#[derive(Debug)]
pub struct Reply {
    pub(crate) status: Status,
    pub(crate) message: Message,
    /// What goes with it, by [`Context::answer_with`].
    pub(crate) metadata: Option<Box<Metadata>>,
}

/// The message of a reply: in a buffer that is reused, or shared.
#[derive(Debug)]
pub(crate) enum Message {
    Scratch(Scratch),
    Shared(Bytes),
}

impl IncomingCall {
    pub(crate) fn new(method_id: u64, message: impl Into<Body>) -> Self {
        Self { method_id, message: message.into(), streams: None }
    }

    /// A call whose messages come and go by `streams`.
    pub(crate) fn streaming(method_id: u64, message: Body, streams: CallStreams) -> Self {
        Self { method_id, message, streams: Some(streams) }
    }

    /// Whether it calls `method`.
    pub fn is(&self, method: &Method) -> bool {
        self.method_id == method.id()
    }

    /// The message, not decoded.
    pub(crate) fn into_message(self) -> Bytes {
        self.message.into_bytes()
    }

    /// What a streaming handler reads from and writes to.
    pub(crate) fn into_streams(self) -> Option<CallStreams> {
        self.streams
    }

    /// Decodes the arguments, runs `handler` with them and encodes what it returns.
    pub async fn unary<S, const METHOD: usize, H, F>(self, method: &'static Method, handler: H) -> Reply
    where
        S: Signature<METHOD>,
        H: FnOnce(ArgumentsOf<S, METHOD>) -> F,
        F: Future<Output = OutputOf<S, METHOD>>,
    {
        let arguments = match ArgumentsOf::<S, METHOD>::decode(method.arguments(), &self.message) {
            Ok(arguments) => arguments,
            Err(error) => return Reply::status(Status::MalformedRequest, error.to_string()),
        };
        // The handler may run for long: let go of the packet buffer that the message is a slice of.
        drop(self.message);
        let reply = handler(arguments).await.into_reply();
        reply.with_answer_metadata()
    }

    /// Decodes the arguments, runs `handler` with them and sends what it streams.
    pub async fn server_streaming<S, const METHOD: usize, H, F, St>(self, method: &'static Method, handler: H) -> Reply
    where
        S: Signature<METHOD>,
        H: FnOnce(ArgumentsOf<S, METHOD>) -> F,
        F: Future<Output = Result<St, <OutputOf<S, METHOD> as Outcome>::Error>>,
        St: Stream<Item = OutputOf<S, METHOD>>,
    {
        match self.open::<S, METHOD>(method) {
            Ok((arguments, streams)) => {
                // Nothing is read from a caller that has nothing to send.
                streams.requests.close();
                send_items::<OutputOf<S, METHOD>, St>(handler(arguments).await, streams).await
            }
            Err(refusal) => refusal,
        }
    }

    /// Decodes the arguments, runs `handler` with them and a stream of requests, and encodes what it returns.
    pub async fn client_streaming<S, const METHOD: usize, H, F>(self, method: &'static Method, handler: H) -> Reply
    where
        S: Signature<METHOD, Types: RequestTypes>,
        H: FnOnce(ArgumentsOf<S, METHOD>, Streaming<RequestOf<S, METHOD>>) -> F,
        F: Future<Output = OutputOf<S, METHOD>>,
    {
        match self.open::<S, METHOD>(method) {
            Ok((arguments, streams)) => {
                let reply = handler(arguments, typed_requests(streams.requests)).await.into_reply();
                reply.with_answer_metadata()
            }
            Err(refusal) => refusal,
        }
    }

    /// Decodes the arguments, runs `handler` with them and a stream of requests, and sends what it streams.
    pub async fn bidirectional<S, const METHOD: usize, H, F, St>(self, method: &'static Method, handler: H) -> Reply
    where
        S: Signature<METHOD, Types: RequestTypes>,
        H: FnOnce(ArgumentsOf<S, METHOD>, Streaming<RequestOf<S, METHOD>>) -> F,
        F: Future<Output = Result<St, <OutputOf<S, METHOD> as Outcome>::Error>>,
        St: Stream<Item = OutputOf<S, METHOD>>,
    {
        match self.open::<S, METHOD>(method) {
            Ok((arguments, streams)) => {
                let requests = typed_requests(Arc::clone(&streams.requests));
                send_items::<OutputOf<S, METHOD>, St>(handler(arguments, requests).await, streams).await
            }
            Err(refusal) => refusal,
        }
    }

    /// The arguments and streams of a streaming call, or the reply that refuses it.
    fn open<S, const METHOD: usize>(
        self,
        method: &'static Method,
    ) -> Result<(ArgumentsOf<S, METHOD>, CallStreams), Reply>
    where
        S: Signature<METHOD>,
    {
        let malformed = |reason: String| Reply::status(Status::MalformedRequest, reason);
        let arguments = ArgumentsOf::<S, METHOD>::decode(method.arguments(), &self.message)
            .map_err(|e| malformed(e.to_string()))?;
        let streams = self.streams.ok_or_else(|| malformed(format!("`{}` streams: call it so", method.name())))?;
        Ok((arguments, streams))
    }

    /// The reply to a method that the service does not have.
    pub fn unknown_method(self) -> Reply {
        Reply::status(Status::UnknownMethod, "")
    }
}

fn typed_requests<R: Payload>(requests: Arc<Queue>) -> Streaming<R> {
    Streaming::new(requests, |message: Bytes| codec::decode(&*message))
}

async fn send_items<R: WireOutcome, St: Stream<Item = R>>(begun: Result<St, R::Error>, streams: CallStreams) -> Reply {
    match begun {
        Ok(items) => {
            let items = SendItems::new(items, R::encode_item, streams.responses, streams.response_bytes_max);
            items.await.with_answer_metadata()
        }
        Err(error) => R::error_reply(error).with_answer_metadata(),
    }
}

impl Reply {
    /// A reply without a value; `detail` tells people more.
    pub(crate) fn status(status: Status, detail: impl Into<Bytes>) -> Self {
        Self { status, message: Message::Shared(detail.into()), metadata: None }
    }

    /// The reply of a handler that was dropped before its end, as when its runtime is shut down around it.
    pub(crate) fn dropped(started: bool) -> Self {
        match started {
            true => Self::status(Status::Internal, "the server dropped the handler before its end"),
            // Whoever is told that the server goes away knows that the call may be sent to another.
            false => Self::status(Status::Draining, "its runtime was shut down before the handler ran"),
        }
    }

    pub(crate) fn encode<T: serde::Serialize>(status: Status, value: &T) -> Self {
        let mut scratch = Scratch::take();
        match codec::encode(value, &mut scratch.bytes) {
            Ok(()) => Self { status, message: Message::Scratch(scratch), metadata: None },
            Err(error) => Self::status(Status::Internal, error.to_string()),
        }
    }

    /// Takes along what the handler left in its context for the caller.
    pub(crate) fn with_answer_metadata(mut self) -> Self {
        self.metadata = Context::take_answer_metadata();
        self
    }

    /// The head of the reply to a call.
    pub(crate) fn head(&self, call_id: u32) -> ResponseHead {
        ResponseHead::new(call_id, self.status).with_metadata(self.metadata.as_deref())
    }

    /// What replaces a message that the caller would not accept.
    pub(crate) fn too_large(length: usize, message_bytes_max: usize) -> Self {
        let text = format!("{length} bytes, {message_bytes_max} are allowed");
        Self::status(Status::ResponseTooLarge, if text.len() <= message_bytes_max { text } else { String::new() })
    }

    /// Replaces a message that the caller would not accept.
    pub(crate) fn bounded(self, message_bytes_max: usize) -> Self {
        let length = self.message.as_slice().len();
        if length <= message_bytes_max {
            return self;
        }
        match self.status {
            Status::Ok | Status::Application => Self::too_large(length, message_bytes_max),
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
