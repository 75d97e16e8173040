//! A server without a socket, for tests, mocks, and programs that are their own client.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};

use crate::{
    Context, Executed, Metadata, RpcError, Service, Shape,
    channel::{Answer, Channel, Encode, Outgoing, OutgoingStream, too_late},
    client::deadline_exceeded,
    codec::Body,
    method::method_id,
    proto::Status,
    server::{HandlerTask, Router},
    service::{IncomingCall, Reply},
    streaming::{RequestSink, ResponseReceiver, Source, StreamingCall, StreamingHandler},
};

/// Services without a socket: the same typed client calls the same handlers in the same process.
///
/// Messages are encoded and decoded as on the wire, deadlines and cancellation work as over it, and a handler's panic
/// is its call's error: a test against it tests what a server would do.
///
/// ```
/// # mod greeting {
/// #[rpcnet::service]
/// pub trait Greeting {
///     async fn greet(&self, name: String) -> Result<String, String>;
/// }
/// # }
/// # use greeting::*;
/// use rpcnet::InProcess;
///
/// struct Mock;
///
/// impl Greeting for Mock {
///     async fn greet(&self, name: String) -> Result<String, String> {
///         Err(format!("{name} is out"))
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), rpcnet::RpcError> {
/// let client = GreetingClient::new(InProcess::new(GreetingServer::new(Mock)));
/// let error = client.greet("Ada".into()).await.unwrap_err();
/// assert_eq!(error.application(), Some("Ada is out".to_string()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InProcess {
    router: Arc<Router>,
    deadline: Duration,
}

impl InProcess {
    /// One service.
    pub fn new<S: Service>(service: S) -> Self {
        let mut router = Router::default();
        // The first service of a router can't be its second, and its descriptor has checked its methods.
        let added = router.add_service(service);
        debug_assert!(added.is_ok(), "one service alone collides with nothing: {added:?}");
        Self { router: Arc::new(router), deadline: DEADLINE }
    }

    /// The same, with another deadline for calls that give none (default: 30 s). More than 30 days count as those.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Calls a method with raw bytes, as [`Client::call`](crate::Client::call) does.
    ///
    /// # Errors
    ///
    /// As for a call over the network, without the kinds that come from it.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, where the handler would run.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the call is cancelled: its handler is dropped, unless it must not be.
    pub async fn call(&self, name: &str, message: impl Into<Bytes>) -> Result<Bytes, RpcError> {
        let reply = async {
            let call = Outgoing::new(method_id(name), self.deadline, None)?;
            self.run(&call, message.into()).await.and_then(Reply::into_result)
        };
        let reply = reply.await;
        reply.map_err(|error| error.in_call(name.to_owned()))
    }

    async fn run(&self, call: &Outgoing, message: Bytes) -> Result<Reply, RpcError> {
        if call.deadline <= Instant::now() {
            return Err(too_late());
        }
        let Some(route) = self.router.route(call.method_id) else {
            return Ok(Reply::status(Status::UnknownMethod, ""));
        };
        let context = Context::new(route.name, Some(call.deadline), None, metadata_of(&call.metadata));
        let incoming = IncomingCall::new(call.method_id, message);
        let mut task = HandlerTask::spawn_keeping(&Handle::current(), &self.router, route, incoming, context, ());
        // The handler's side ends at the same deadline; this one is for a handler that can't be dropped.
        timeout_at(call.deadline, task.reply()).await.map_err(|_| deadline_exceeded(Executed::Maybe))
    }
}

impl Channel for InProcess {
    async fn unary(&self, call: &Outgoing, request: impl Encode + Send) -> Result<Answer, RpcError> {
        let mut message = Vec::new();
        request.encode(&mut message)?;
        let reply = self.run(call, message.into()).await?;
        Ok(Answer::new(reply.head(0), reply.message.into_bytes()))
    }

    async fn streaming(
        &self,
        call: &mut OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        call.time_left_ms().ok_or_else(too_late)?;
        let Some(route) = self.router.route(call.method_id) else {
            return Err(RpcError::from_status(Status::UnknownMethod, Bytes::new()));
        };
        if route.shape == Shape::Unary {
            return Err(RpcError::from_status(Status::MalformedRequest, "the method does not stream".into()));
        }
        let (message, request) = match first {
            Some(first) if route.raw => (Body::default(), Some(Bytes::copy_from_slice(first))),
            first => (Bytes::copy_from_slice(first.unwrap_or_default()).into(), None),
        };
        let call = StreamingCall {
            message,
            deadline: call.deadline,
            peer: None,
            metadata: metadata_of(&call.metadata),
            response_bytes_max: usize::MAX,
        };
        let handler = StreamingHandler::spawn(&Handle::current(), &self.router, route, call, ());
        if let Some(request) = request {
            handler.requests.push(request);
        }
        let handler = Arc::new(handler);
        let sink = RequestSink::in_process(Arc::clone(&handler), usize::MAX);
        Ok((sink, ResponseReceiver::new(Source::InProcess(handler), usize::MAX)))
    }

    fn default_deadline(&self) -> Duration {
        self.deadline
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// What a caller of this process has encoded can be decoded.
fn metadata_of(encoded: &Bytes) -> Metadata {
    Metadata::decode(encoded.clone()).unwrap_or_default()
}

/// As [`ClientConfigBuilder::with_deadline`](crate::ClientConfigBuilder::with_deadline) has it.
const DEADLINE: Duration = Duration::from_secs(30);
