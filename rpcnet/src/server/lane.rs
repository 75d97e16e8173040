//! A lane on the server: requests in, answers out, one task.
//!
//! What arrives in one go is served in one go: handlers that are quick run right here, one after the other, and
//! their answers leave together. Everything else runs on the application's runtime and answers through the
//! [`Outbox`].

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep};

use super::{
    dispatch::{Dispatch, deferred},
    outbox::{Finished, Outbox},
    responder::Responder,
    router::Route,
    running::Running,
    shared::{CallPermit, ConnectionShared, deadline_of},
};
use crate::{
    Context, Metadata, RpcError,
    context::Renewed,
    proto::{
        Frame, FrameBuffer, FrameKind, FrameReader, LANE_MESSAGE_BYTES_MAX, ProtocolError, RequestHead, Status,
        put_load, read_cancel,
    },
    service::{IncomingCall, Reply},
    transport::quic::{ReceiveStream, SendStream, stream_error},
};

/// A call whose handler runs on a task of its own.
struct InFlight {
    context: Context,
    computes: bool,
}

/// One lane of a connection.
pub(crate) struct Lane {
    connection: Arc<ConnectionShared>,
    receive: ReceiveStream,
    send: SendStream,
    reader: FrameReader,
    /// Answers of this batch.
    out: FrameBuffer,
    /// A batch that the transport has not taken yet.
    unsent: Bytes,
    outbox: Arc<Outbox>,
    finished: Finished,
    /// The shares of the limits of calls whose answers are not with the transport yet.
    permits: Vec<CallPermit>,
    /// The calls in flight, by id.
    calls: Vec<Option<InFlight>>,
    /// How many of them run handlers that compute.
    computing: usize,
    /// Looks for the answers of those: they wake this task only when a few have gathered.
    timer: Option<Pin<Box<Sleep>>>,
    /// One for each service, made when it is first called here.
    dispatchers: Vec<Option<Box<dyn Dispatch>>>,
    /// The context of the request that is being served.
    context: Renewed,
    /// The client would like to hear of the load.
    wishes_load: bool,
    /// A call has ended since it did.
    owes_load: bool,
    /// When the last handler ended that was polled here.
    clock: Instant,
}

impl Lane {
    pub(crate) fn new(
        connection: Arc<ConnectionShared>,
        receive: ReceiveStream,
        send: SendStream,
        reader: FrameReader,
    ) -> Self {
        let (context, wishes_load) = (Renewed::new(Some(connection.peer)), connection.wishes_load());
        let mut dispatchers = Vec::new();
        dispatchers.resize_with(connection.server.router.services(), || None);
        Self {
            connection,
            receive,
            send,
            reader,
            out: FrameBuffer::default(),
            unsent: Bytes::new(),
            outbox: Arc::default(),
            finished: Finished::default(),
            permits: Vec::new(),
            calls: Vec::new(),
            computing: 0,
            timer: None,
            dispatchers,
            context,
            wishes_load,
            owes_load: false,
            clock: Instant::now(),
        }
    }

    /// Serves the lane until the client ends it, or breaks the protocol, or the connection is lost.
    pub(crate) async fn serve(&mut self) -> Result<(), RpcError> {
        std::future::poll_fn(|cx| self.poll_serve(cx)).await
    }

    fn poll_serve(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), RpcError>> {
        self.outbox.register(cx);
        // Answers that nobody reads hold up the requests behind them, so that they can't pile up here.
        ready!(self.poll_flush(cx))?;
        self.collect_finished();
        let batch_end = Instant::now() + BATCH_TIME_MAX;
        loop {
            let more = self.serve_frames(batch_end)?;
            if more || self.out.len() >= BATCH_BYTES_MAX {
                ready!(self.poll_flush(cx))?;
            }
            if more {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.receive.poll_receive(cx).map_err(stream_error)? {
                Poll::Ready(Some(chunk)) => self.reader.push(chunk),
                Poll::Ready(None) if self.reader.is_at_boundary() => {
                    ready!(self.poll_flush(cx))?;
                    if self.calls.iter().all(Option::is_none) {
                        return Poll::Ready(self.send.finish().map_err(stream_error));
                    }
                    self.arm_timer(cx);
                    return Poll::Pending;
                }
                Poll::Ready(None) => return Poll::Ready(Err(ProtocolError::Truncated.into())),
                Poll::Pending => {
                    ready!(self.poll_flush(cx))?;
                    self.arm_timer(cx);
                    return Poll::Pending;
                }
            }
        }
    }

    /// Serves the frames that have arrived. Returns whether the batch's time is over before they are.
    fn serve_frames(&mut self, batch_end: Instant) -> Result<bool, RpcError> {
        // Counted once for all of them, and not for each.
        let connection = Arc::clone(&self.connection);
        // What a handler spawns lands on the application's runtime, not on this IO thread.
        let _application = connection.server.application.enter();
        self.clock = Instant::now();
        while let Some(Frame { kind, payload }) = self.reader.next()? {
            match kind {
                FrameKind::Request => self.serve_request(&connection, payload)?,
                FrameKind::Cancel => self.cancel(read_cancel(&payload)?),
                FrameKind::Void => {}
                _ => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
            }
            if self.clock > batch_end {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn serve_request(&mut self, connection: &ConnectionShared, payload: Bytes) -> Result<(), RpcError> {
        let (head, message) = RequestHead::read(payload)?;
        self.check_call_id(head.call_id)?;
        let limits = &connection.server.config.settings().limits;
        if message.len() > limits.message_bytes_max {
            self.answer(head.call_id, Reply::status(Status::RequestTooLarge, ""));
            return Ok(());
        }
        match connection.admit_unary(&head) {
            Ok((route, metadata)) => self.start(&head, metadata, message, route),
            Err(status) => self.answer(head.call_id, Reply::status(status, "")),
        }
        Ok(())
    }

    /// Runs the handler here if it is a quick one, or else on a task of its own.
    fn start(&mut self, head: &RequestHead, metadata: Metadata, message: Bytes, route: &Arc<Route>) {
        self.context.renew(route.name, deadline_of(head, self.clock), metadata);
        let router = &self.connection.server.router;
        let call = IncomingCall::new(head.method_id, message);
        if !route.pace.is_quick() {
            let handler = deferred(router.dispatcher(route.service), call);
            let handler = Running::new(handler, self.context.share(), Arc::clone(route));
            self.spawn(head.call_id, handler, true);
            return;
        }
        let dispatcher = self.dispatchers[route.service].get_or_insert_with(|| router.dispatcher(route.service));
        let outcome = self.context.enter(|| dispatcher.poll_once(call));
        let now = Instant::now();
        route.pace.record(now - self.clock);
        self.clock = now;
        match outcome {
            Ok(reply) => self.answer(head.call_id, reply),
            Err(handler) => {
                let handler = Running::started(handler, self.context.share(), Arc::clone(route));
                self.spawn(head.call_id, handler, false);
            }
        }
    }

    fn spawn(&mut self, call_id: u32, handler: Running, computes: bool) {
        let responder = self.responder(call_id, computes);
        self.connection.server.application.spawn(responder.run(handler));
        // The next handler is not to be blamed for this.
        self.clock = Instant::now();
    }

    /// Answers a call that never left this task.
    fn answer(&mut self, call_id: u32, reply: Reply) {
        let length = reply.message.as_slice().len();
        if length <= LANE_MESSAGE_BYTES_MAX && length <= self.connection.response_bytes_max() {
            reply.head(call_id).put(self.out.end(), reply.message.as_slice());
        } else {
            let responder = self.responder(call_id, false);
            self.connection.server.application.spawn(responder.answer(reply, self.context.share()));
        }
    }

    /// Takes the call off this task: its id is in use until its answer comes through the outbox.
    fn responder(&mut self, call_id: u32, computes: bool) -> Responder {
        let index = call_id as usize;
        if self.calls.len() <= index {
            self.calls.resize_with(index + 1, || None);
        }
        self.calls[index] = Some(InFlight { context: self.context.share(), computes });
        self.computing += usize::from(computes);
        let lane_id = self.send.id();
        Responder::new(Arc::clone(&self.outbox), Arc::clone(&self.connection), lane_id, call_id, computes)
    }

    fn check_call_id(&mut self, id: u32) -> Result<(), ProtocolError> {
        let mut in_use = self.calls.get(id as usize).is_some_and(Option::is_some);
        if in_use {
            // A large answer frees its id before its end is sent; the lane may not have seen that yet.
            self.collect_finished();
            in_use = self.calls.get(id as usize).is_some_and(Option::is_some);
        }
        let limit = self.connection.server.config.settings().limits.calls_per_connection_max;
        if in_use || id >= limit { Err(ProtocolError::BadCallId { id }) } else { Ok(()) }
    }

    /// A call that is over already is none of ours.
    fn cancel(&mut self, call_id: u32) {
        if let Some(Some(call)) = self.calls.get(call_id as usize) {
            call.context.cancel();
        }
    }

    /// Takes what ended on other tasks since the last time.
    fn collect_finished(&mut self) {
        self.outbox.swap(&mut self.finished);
        if !self.finished.frames.is_empty() {
            self.out.end().extend_from_slice(&self.finished.frames);
        }
        self.finished.frames.clear();
        self.permits.append(&mut self.finished.permits);
        self.owes_load |= self.wishes_load && !self.finished.call_ids.is_empty();
        for call_id in self.finished.call_ids.drain(..) {
            if let Some(call) = self.calls[call_id as usize].take() {
                self.computing -= usize::from(call.computes);
            }
        }
    }

    /// Has this task come back soon while there are handlers that compute.
    fn arm_timer(&mut self, cx: &mut task::Context<'_>) {
        if self.computing == 0 {
            self.timer = None;
            return;
        }
        while self.timer.get_or_insert_with(|| Box::pin(sleep(ANSWERS_WAIT_MAX))).as_mut().poll(cx).is_ready() {
            self.timer = None;
        }
    }

    /// Hands all answers to the transport; pending while it takes no more.
    fn poll_flush(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), RpcError>> {
        loop {
            if self.unsent.is_empty() {
                if self.wishes_load && (self.owes_load || !self.out.is_empty()) {
                    self.owes_load = false;
                    put_load(self.out.end(), self.connection.calls_of_others());
                }
                if self.out.is_empty() {
                    self.permits.clear();
                    return Poll::Ready(Ok(()));
                }
                self.unsent = self.out.take().freeze();
            }
            ready!(self.send.poll_send(&mut self.unsent, cx)).map_err(stream_error)?;
            self.connection.account.note_progress();
        }
    }
}

impl Drop for Lane {
    /// The client is gone, so nobody waits for the answers.
    fn drop(&mut self) {
        for call in self.calls.iter().flatten() {
            call.context.cancel();
        }
    }
}

/// How long one task may serve before it lets the endpoint on the same thread send what is ready.
const BATCH_TIME_MAX: Duration = Duration::from_micros(500);

/// How long the answer of a handler that computes may wait for others to leave with, if no thread has the time to send
/// it on: the timer's resolution.
const ANSWERS_WAIT_MAX: Duration = Duration::from_millis(1);

/// How many bytes of answers may gather before they are sent.
const BATCH_BYTES_MAX: usize = 64 * 1024;
