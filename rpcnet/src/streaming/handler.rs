//! A streaming handler at work: its task, and the two queues between it and its caller.

use std::{net::SocketAddr, sync::Arc};

use tokio::{runtime::Handle, time::Instant};

use super::{Queue, answer_frames};
use crate::{
    Context, ErrorKind, Executed, Metadata, RpcError,
    codec::Body,
    server::{HandlerTask, Route, Router},
    service::{IncomingCall, Reply},
};

/// What a handler of a streaming method reads from and writes to.
#[derive(Debug)]
pub(crate) struct CallStreams {
    pub(crate) requests: Arc<Queue>,
    pub(crate) responses: Arc<Queue>,
    pub(crate) response_bytes_max: usize,
}

/// A handler that runs, seen from the side that carries its messages. Dropped before the handler's end, it cancels the
/// call.
pub(crate) struct StreamingHandler {
    /// Messages for the handler.
    pub(crate) requests: Arc<Queue>,
    /// Frames for the caller, the terminal ones included.
    pub(crate) responses: Arc<Queue>,
    task: HandlerTask<()>,
}

/// What a call brings along.
pub(crate) struct StreamingCall {
    pub(crate) message: Body,
    pub(crate) deadline: Option<Instant>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) metadata: Metadata,
    pub(crate) response_bytes_max: usize,
}

impl StreamingHandler {
    /// Starts the handler on `runtime`. What is in `kept` is dropped when the handler has stopped.
    pub(crate) fn spawn<K: Send + 'static>(
        runtime: &Handle,
        router: &Router,
        route: &Arc<Route>,
        call: StreamingCall,
        kept: K,
    ) -> Self {
        let (requests, responses) = (Arc::new(Queue::new(QUEUE_BYTES_MAX)), Arc::new(Queue::new(QUEUE_BYTES_MAX)));
        let streams = CallStreams {
            requests: Arc::clone(&requests),
            responses: Arc::clone(&responses),
            response_bytes_max: call.response_bytes_max,
        };
        let incoming = IncomingCall::streaming(route.id, call.message, streams);
        let context = Context::new(route.name, call.deadline, call.peer, call.metadata);
        let conclusion = Conclusion {
            responses: Arc::clone(&responses),
            context: context.clone(),
            bytes_max: call.response_bytes_max,
            reply: None,
        };
        let then = move |reply| {
            // Before its end is on the way: a caller that has it may call again.
            drop(kept);
            conclusion.with(reply);
        };
        let task = HandlerTask::spawn(runtime, router, route, incoming, context, then);
        Self { requests, responses, task }
    }

    /// The caller is gone, for this reason.
    pub(crate) fn abandon(&self, reason: RpcError) {
        // First, so that a handler that can be cancelled is dropped rather than woken by the end of its requests.
        self.task.cancel();
        self.requests.end(Err(reason.clone()));
        // Without a network, the caller may still wait for an answer whose requests failed.
        self.responses.end(Err(reason));
        self.responses.close();
    }
}

impl Drop for StreamingHandler {
    fn drop(&mut self) {
        self.abandon(RpcError::new(ErrorKind::Connection, Executed::Maybe, "the connection to the caller was lost"));
    }
}

/// Ends a call's responses, whatever becomes of its handler: a stream without its end is never taken for a whole one.
struct Conclusion {
    responses: Arc<Queue>,
    context: Context,
    bytes_max: usize,
    reply: Option<Reply>,
}

impl Conclusion {
    fn with(mut self, reply: Reply) {
        self.reply = Some(reply);
    }
}

impl Drop for Conclusion {
    fn drop(&mut self) {
        let reply = self.reply.take().unwrap_or_else(|| Reply::dropped(self.context.has_begun()));
        self.responses.push(answer_frames(0, reply.bounded(self.bytes_max)));
        self.responses.end(Ok(()));
    }
}

/// How many bytes of messages wait for the handler, and how many of its own for the transport.
const QUEUE_BYTES_MAX: usize = 64 * 1024;
