//! Where a typed client sends its calls: a connection, an in-process server, or a cluster.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    CallError, CallResult, Context, Executed, Method, RpcError,
    client::deadline_exceeded,
    codec::Arguments,
    config::DEADLINE,
    proto::Status,
    signature::{Signature, WireOutcome},
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
        call: Outgoing,
        request: impl Encode + Send,
    ) -> impl Future<Output = Result<Answer, RpcError>> + Send;

    /// How long a call may take if neither the call nor its method says otherwise.
    #[doc(hidden)]
    fn default_deadline(&self) -> Duration;
}

/// What a channel needs to know about a call.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    pub(crate) method_id: u64,
    pub(crate) deadline: Instant,
    /// A request that may have reached its handler may be sent again.
    pub(crate) idempotent: bool,
}

/// A request that can be encoded, more than once if need be.
#[doc(hidden)]
pub trait Encode {
    /// Appends the request's message to `out`.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RpcError>;
}

/// A response, not decoded.
#[doc(hidden)]
#[derive(Debug)]
pub struct Answer {
    pub(crate) status: Status,
    pub(crate) message: Bytes,
}

impl Outgoing {
    /// Milliseconds until the deadline, rounded up, as a request head says them; `None` if it has passed.
    pub(crate) fn time_left_ms(&self) -> Option<u32> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        // Zero would mean "for ever".
        Some(u32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u32::MAX).max(1))
    }
}

/// What every generated client holds: a channel, and how its calls are made.
#[derive(Clone, Debug)]
pub struct Caller<C> {
    channel: C,
    deadline: Option<Duration>,
}

impl<C: Channel> Caller<C> {
    /// Calls over `channel`.
    pub fn new(channel: C) -> Self {
        Self { channel, deadline: None }
    }

    /// The same, and each call must end within `deadline`.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { channel: self.channel.clone(), deadline: Some(deadline) }
    }

    /// Calls `method` with `arguments`. Nothing happens before the future is polled.
    pub fn unary<S, const METHOD: usize>(
        &self,
        method: &'static Method,
        arguments: S::Arguments,
    ) -> impl Future<Output = CallResult<S::Output>> + Send + use<S, METHOD, C>
    where
        S: Signature<METHOD>,
    {
        let Self { channel, deadline } = self.clone();
        async move {
            let deadline = deadline.or(method.default_deadline()).unwrap_or_else(|| channel.default_deadline());
            let (method_id, idempotent) = (method.id(), method.is_idempotent());
            let call = Outgoing { method_id, deadline: inherited(deadline), idempotent };
            let request = Request { names: method.arguments(), arguments };
            match channel.unary(call, request).await.and_then(S::Output::from_answer) {
                Ok(result) => result,
                Err(error) => Err(CallError::Rpc(error.in_call(method.name()))),
            }
        }
    }
}

/// When a call must end that may take `deadline`: never later than the call whose handler makes it.
pub(crate) fn inherited(deadline: Duration) -> Instant {
    // Beyond the longest that a configuration takes, arithmetic on clocks could overflow.
    let own = Instant::now() + deadline.min(*DEADLINE.end());
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
