//! Where a typed client sends its calls: a connection, an in-process server, or a cluster.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    AnswerMetadata, CallError, CallResult, Context, ErrorKind, Executed, Metadata, Method, RawResponseStream, Requests,
    RpcError, StreamResult,
    client::deadline_exceeded,
    codec::{self, Arguments, Body, unpinned},
    config::DEADLINE,
    method::method_id,
    proto::{LANE_MESSAGE_BYTES_MAX, ResponseHead, Status},
    signature::{ArgumentsOf, OutputOf, RequestOf, RequestTypes, Signature, WireOutcome},
    streaming::{RequestSink, ResponseReceiver, call, decode_error},
};

/// Where a typed client sends its calls.
///
/// [`Client`](crate::Client) is one, and so is [`InProcess`](crate::InProcess). Sealed for now: its methods are
/// between rpcnet's own crates.
pub trait Channel: Clone + Send + Sync + 'static {
    /// Sends one request and waits for the response.
    #[doc(hidden)]
    fn unary(
        &self,
        call: &Outgoing,
        request: impl Encode + Send,
    ) -> impl Future<Output = Result<Answer, RpcError>> + Send;

    /// Begins a call that has a stream of its own, with its first message if it has one.
    #[doc(hidden)]
    fn streaming(
        &self,
        call: &mut OutgoingStream,
        first: Option<&[u8]>,
    ) -> impl Future<Output = Result<(RequestSink, ResponseReceiver), RpcError>> + Send;

    /// Whether a call that was begun and refused may be begun again, with all that was sent of it.
    #[doc(hidden)]
    fn begins_again(&self, call: &OutgoingStream, refusal: &RpcError) -> bool {
        let _ = (call, refusal);
        false
    }

    /// How long a call may take if neither the call nor its method says otherwise.
    #[doc(hidden)]
    fn default_deadline(&self) -> Duration;
}

/// What a channel needs to know about a call.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub(crate) method_id: u64,
    /// The method's name; empty where the channel knows it from its caller.
    pub(crate) method: &'static str,
    /// When the call was made.
    pub(crate) made: Instant,
    pub(crate) deadline: Instant,
    /// Encoded.
    pub(crate) metadata: Bytes,
    /// A request that may have reached its handler may be sent again.
    pub(crate) idempotent: bool,
}

/// What a channel needs to know about a call that has a stream of its own.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct OutgoingStream {
    pub(crate) method_id: u64,
    /// The method's name; empty for a raw call.
    pub(crate) method: &'static str,
    /// Encoded.
    pub(crate) metadata: Bytes,
    /// Where the answer's metadata goes.
    pub(crate) answered: Option<AnswerMetadata>,
    /// When the stream must have ended; `None` for one that may go on for ever.
    pub(crate) deadline: Option<Instant>,
    /// When it must have begun.
    pub(crate) begins_by: Instant,
    /// A request that may have reached its handler may be sent again.
    pub(crate) idempotent: bool,
    /// Its one answer comes when all requests were read: nothing tells before that that the handler has begun.
    pub(crate) answers_once: bool,
    /// It has one request, which is kept until the handler has begun.
    pub(crate) may_begin_again: bool,
    /// How often it was begun.
    tries: u32,
    /// Where it was begun in vain, by names that mean something to the channel.
    tried: Vec<u64>,
    /// It may have reached a handler that gave no answer.
    lost: bool,
    /// Why it was not taken where it was begun last.
    failure: Option<RpcError>,
}

/// A request that can be encoded, more than once if need be.
#[doc(hidden)]
pub trait Encode {
    /// Appends the request's message to `out`.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RpcError>;

    /// The message, if it is there already and so large that it leaves on a stream of its own, where it need not be copied.
    fn large(&self) -> Option<Bytes> {
        None
    }
}

/// Raw bytes are encoded already.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Raw(pub Bytes);

impl Encode for Raw {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RpcError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }

    fn large(&self) -> Option<Bytes> {
        (self.0.len() > LANE_MESSAGE_BYTES_MAX).then(|| self.0.clone())
    }
}

/// A response, not decoded.
#[doc(hidden)]
#[derive(Debug)]
pub struct Answer {
    pub(crate) status: Status,
    pub(crate) message: Body,
    /// Encoded. Most answers have none, and many wait in a table: so it is a word.
    pub(crate) metadata: Option<Box<Bytes>>,
}

impl Answer {
    /// Whether the handler answered with a value.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// The failure that it stands for, if it is one; the handler's own error without its bytes.
    pub fn error(&self) -> Option<RpcError> {
        match self.status {
            Status::Ok => None,
            Status::Application => Some(RpcError::application(Bytes::new())),
            status => Some(RpcError::from_status(status, self.message.clone().into_bytes())),
        }
    }

    /// The handler's bytes, or the error that it stands for.
    pub fn into_result(self) -> Result<Bytes, RpcError> {
        match self.status {
            // What a caller keeps must not pin the packet buffer that it is a slice of.
            Status::Ok => Ok(unpinned(self.message.into_bytes())),
            status => Err(RpcError::from_status(status, unpinned(self.message.into_bytes()))),
        }
    }

    pub(crate) fn new(head: ResponseHead, message: impl Into<Body>) -> Self {
        let metadata = head.fields.metadata;
        let metadata = (!metadata.is_empty()).then(|| Box::new(metadata));
        Self { status: head.status, message: message.into(), metadata }
    }
}

impl Outgoing {
    /// A call of the method that must end within `deadline`, and with the handler that makes it.
    pub(crate) fn new(method_id: u64, deadline: Duration, metadata: Option<Metadata>) -> Result<Self, RpcError> {
        let metadata = Context::metadata_for_call(metadata)?.encode();
        let made = Instant::now();
        let deadline = inherited(made, deadline);
        Ok(Self { method_id, method: "", made, deadline, metadata, idempotent: false })
    }

    /// A call of the method named `name` that must end within `deadline`, and with the handler that makes it.
    ///
    /// # Errors
    ///
    /// The metadata that the handler passes on is too large.
    pub fn raw(name: &str, deadline: Duration, idempotent: bool) -> Result<Self, RpcError> {
        let mut call = Self::new(method_id(name), deadline, None)?;
        call.idempotent = idempotent;
        Ok(call)
    }

    /// The method's name in eight bytes.
    pub fn method_id(&self) -> u64 {
        self.method_id
    }

    /// The method's name as its trait gives it; empty for a raw call.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// When it was made.
    pub fn made(&self) -> Instant {
        self.made
    }

    /// When it must have ended.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether a request that may have reached its handler may be sent again.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Milliseconds until the deadline, rounded up, as a request head says them; `None` if it has passed.
    pub(crate) fn time_left_ms(&self, now: Instant) -> Option<u32> {
        time_left_ms(now, self.deadline)
    }
}

impl OutgoingStream {
    /// A call of the method that may take `explicit`, if the caller or the method says so. Otherwise it may last, but
    /// must begin within `default`. In any case it ends with the call whose handler makes it.
    pub(crate) fn new(
        method_id: u64,
        explicit: Option<Duration>,
        default: Duration,
        metadata: Option<Metadata>,
    ) -> Result<Self, RpcError> {
        let metadata = Context::metadata_for_call(metadata)?.encode();
        let now = Instant::now();
        let deadline = match explicit {
            Some(explicit) => Some(inherited(now, explicit)),
            None => Context::inherited_deadline(),
        };
        let begins_by = inherited(now, explicit.unwrap_or(default));
        Ok(Self {
            method_id,
            method: "",
            metadata,
            answered: None,
            deadline,
            begins_by,
            idempotent: false,
            answers_once: false,
            may_begin_again: false,
            tries: 0,
            tried: Vec::new(),
            lost: false,
            failure: None,
        })
    }

    /// A call of the method named `name`, which must begin within `deadline`.
    ///
    /// # Errors
    ///
    /// The metadata that the handler passes on is too large.
    pub fn raw(name: &str, deadline: Duration) -> Result<Self, RpcError> {
        Self::new(method_id(name), None, deadline, None).map_err(|error| error.in_call(name.to_owned()))
    }

    /// The method's name as its trait gives it; empty for a raw call.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// When it must have ended; `None` for one that may go on for ever.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// When it must have begun.
    pub fn begins_by(&self) -> Instant {
        self.begins_by
    }

    /// Whether a request that may have reached its handler may be sent again.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether the first that comes of it is the whole answer.
    pub fn answers_once(&self) -> bool {
        self.answers_once
    }

    /// Whether it may be begun elsewhere after it was lost: its only request is still there then, and may be sent again.
    pub fn may_begin_again(&self) -> bool {
        self.may_begin_again && self.idempotent
    }

    /// How often it was begun.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Where it was begun in vain; who goes away, or was lost before anything was sent, is not among them, and may come back.
    pub fn tried(&self) -> &[u64] {
        &self.tried
    }

    /// Why it was not taken where it was begun last.
    pub fn failure(&self) -> Option<&RpcError> {
        self.failure.as_ref()
    }

    /// Remembers where it is begun.
    pub fn note_try(&mut self, place: u64) {
        self.tries += 1;
        self.tried.push(place);
    }

    /// It was begun in vain where it was begun last.
    pub(crate) fn note_failure(&mut self, error: &RpcError) {
        let never_left = error.kind() == ErrorKind::Connection && error.executed() == Executed::No;
        if never_left || error.kind() == ErrorKind::Draining {
            self.tried.pop();
        }
        self.lost |= error.executed() != Executed::No;
        self.failure = Some(error.clone());
    }

    /// That it never ran where it was begun last says nothing about where it was before.
    pub fn with_executed(&self, error: RpcError) -> RpcError {
        if self.lost && error.executed() == Executed::No { error.with_executed(Executed::Maybe) } else { error }
    }

    /// The same as a request head says it, with 0 for "never".
    pub(crate) fn time_left_ms(&self) -> Option<u32> {
        match self.deadline {
            Some(deadline) => time_left_ms(Instant::now(), deadline),
            None => Some(0),
        }
    }
}

fn time_left_ms(now: Instant, deadline: Instant) -> Option<u32> {
    let left = deadline.saturating_duration_since(now);
    if left.is_zero() {
        return None;
    }
    // Not by `as_millis`, which divides 128 bits. Zero would mean "for ever", but what is left rounds up to one at least.
    let millis = left.as_secs().saturating_mul(1000) + u64::from(left.subsec_nanos().div_ceil(1_000_000));
    Some(u32::try_from(millis).unwrap_or(u32::MAX))
}

/// What every generated client holds: a channel, and how its calls are made.
#[derive(Clone, Debug)]
pub struct Caller<C> {
    channel: C,
    deadline: Option<Duration>,
    metadata: Option<Metadata>,
    answered: Option<AnswerMetadata>,
}

impl<C: Channel> Caller<C> {
    /// Calls over `channel`.
    pub fn new(channel: C) -> Self {
        Self { channel, deadline: None, metadata: None, answered: None }
    }

    /// The same, and each call must end within `deadline`.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// The same, and each call takes `metadata` along.
    #[must_use]
    pub fn with_metadata(&self, metadata: Metadata) -> Self {
        Self { metadata: Some(metadata), ..self.clone() }
    }

    /// The same, and the metadata of each answer is left in `answered`.
    #[must_use]
    pub fn with_answer_metadata(&self, answered: &AnswerMetadata) -> Self {
        Self { answered: Some(answered.clone()), ..self.clone() }
    }

    /// Calls `method` with `arguments`. Nothing happens before the future is polled.
    pub fn unary<S, const METHOD: usize>(
        &self,
        method: &'static Method,
        arguments: ArgumentsOf<S, METHOD>,
    ) -> impl Future<Output = CallResult<OutputOf<S, METHOD>>> + Send + use<S, METHOD, C>
    where
        S: Signature<METHOD>,
    {
        let Self { channel, deadline, metadata, answered } = self.clone();
        async move {
            let deadline = deadline.or(method.default_deadline()).unwrap_or_else(|| channel.default_deadline());
            let mut call = match Outgoing::new(method.id(), deadline, metadata) {
                Ok(call) => call,
                Err(error) => return Err(CallError::Rpc(error.in_call(method.name()))),
            };
            (call.method, call.idempotent) = (method.name(), method.is_idempotent());
            let request = Request { names: method.arguments(), arguments };
            let answer = channel.unary(&call, request).await;
            if let (Some(answered), Ok(answer)) = (answered, &answer) {
                answered.set(answer.metadata.as_deref());
            }
            match answer.and_then(OutputOf::<S, METHOD>::from_answer) {
                Ok(result) => result,
                Err(error) => Err(CallError::Rpc(error.in_call(method.name()))),
            }
        }
    }
}

impl<C: Channel> Caller<C> {
    /// Calls `method` with `arguments`, and returns the stream that it answers.
    pub fn server_streaming<S, const METHOD: usize>(
        &self,
        method: &'static Method,
        arguments: ArgumentsOf<S, METHOD>,
    ) -> impl Future<Output = StreamResult<OutputOf<S, METHOD>>> + Send + use<S, METHOD, C>
    where
        S: Signature<METHOD>,
    {
        let caller = self.clone();
        async move {
            let (call, first) = caller.outgoing(method, arguments)?;
            let answer = call::server_streaming(&caller.channel, method.name().into(), call, first).await;
            typed::<OutputOf<S, METHOD>>(answer)
        }
    }

    /// Calls `method` with `arguments` and a stream of requests, and returns what it answers.
    pub fn client_streaming<S, const METHOD: usize, R>(
        &self,
        method: &'static Method,
        arguments: ArgumentsOf<S, METHOD>,
        requests: R,
    ) -> impl Future<Output = CallResult<OutputOf<S, METHOD>>> + Send + use<S, METHOD, R, C>
    where
        S: Signature<METHOD, Types: RequestTypes>,
        R: Requests<RequestOf<S, METHOD>>,
    {
        let caller = self.clone();
        async move {
            let (call, first) = caller.outgoing(method, arguments)?;
            let answer = call::client_streaming(&caller.channel, call, Some(first), requests, codec::encode).await;
            let value = answer.and_then(|message| OutputOf::<S, METHOD>::decode_value((&*message).into()));
            value.map_err(|error| decode_error::<OutputOf<S, METHOD>>(error.in_call(method.name())))
        }
    }

    /// Calls `method` with `arguments` and a stream of requests, and returns the stream that it answers.
    pub fn bidirectional<S, const METHOD: usize, R>(
        &self,
        method: &'static Method,
        arguments: ArgumentsOf<S, METHOD>,
        requests: R,
    ) -> impl Future<Output = StreamResult<OutputOf<S, METHOD>>> + Send + use<S, METHOD, R, C>
    where
        S: Signature<METHOD, Types: RequestTypes>,
        R: Requests<RequestOf<S, METHOD>>,
    {
        let caller = self.clone();
        async move {
            let (call, first) = caller.outgoing(method, arguments)?;
            let name = method.name().into();
            let answer = call::bidirectional(&caller.channel, name, call, Some(first), requests, codec::encode).await;
            typed::<OutputOf<S, METHOD>>(answer)
        }
    }

    /// A streaming call of `method`, and its encoded arguments.
    fn outgoing<A: Arguments>(&self, method: &Method, arguments: A) -> Result<(OutgoingStream, Vec<u8>), RpcError> {
        let begin = || {
            let explicit = self.deadline.or(method.default_deadline());
            let default = self.channel.default_deadline();
            let mut call = OutgoingStream::new(method.id(), explicit, default, self.metadata.clone())?;
            (call.method, call.idempotent) = (method.name(), method.is_idempotent());
            call.answered.clone_from(&self.answered);
            let mut message = Vec::new();
            arguments.encode(method.arguments(), &mut message)?;
            Ok((call, message))
        };
        begin().map_err(|error: RpcError| error.in_call(method.name()))
    }
}

fn typed<R: WireOutcome>(answer: Result<RawResponseStream, RpcError>) -> StreamResult<R> {
    answer.map(RawResponseStream::typed::<R>).map_err(decode_error::<R>)
}

/// When a call must end that may take `deadline` from now: never later than the call whose handler makes it.
pub(crate) fn inherited(now: Instant, deadline: Duration) -> Instant {
    // Beyond the longest that a configuration takes, arithmetic on clocks could overflow.
    let own = now + deadline.min(*DEADLINE.end());
    Context::inherited_deadline().map_or(own, |parent| parent.min(own))
}

/// The error of a call that is out of time before it starts.
pub(crate) fn too_late() -> RpcError {
    deadline_exceeded(Executed::No)
}

/// The arguments of a typed call.
struct Request<A> {
    names: &'static [&'static str],
    arguments: A,
}

impl<A: Arguments> Encode for Request<A> {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RpcError> {
        self.arguments.encode(self.names, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_bytes_that_are_large_are_shared_and_small_ones_copied_to_where_they_leave() {
        let shared = |bytes: usize| {
            let raw = Raw(vec![0; bytes].into());
            raw.large().map(|message| message.as_ptr() == raw.0.as_ptr())
        };
        assert_eq!(shared(LANE_MESSAGE_BYTES_MAX), None);
        assert_eq!(shared(LANE_MESSAGE_BYTES_MAX + 1), Some(true));
    }
}
