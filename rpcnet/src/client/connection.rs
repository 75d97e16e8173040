//! One connection of a client: its lanes, its control stream, and the streams of large messages.

use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    net::SocketAddr,
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{
    dial::Greeted,
    driver::Driver,
    gate::{Gate, Reservation, going_away},
    hearing::Hearing,
    lane::{Lane, Request},
    lanes::{Lanes, OpenLane, lanes_for},
    pending::{Answer, Times, answer_of, deadline_exceeded},
    refusal::watch_refusals,
    sent::SentCall,
    watch::watch,
};
use crate::{
    ErrorKind, Executed, RpcError,
    channel::{Encode, Outgoing, OutgoingStream, too_late},
    codec::Scratch,
    config::ClientSettings,
    error::executed_by,
    proto::{
        CloseCode, Frame, FrameKind, GoAway, LANE_MESSAGE_BYTES_MAX, LANES_MAX, ProtocolError, RequestHead,
        ResponseHead, StreamKind, put_message, read_lane,
    },
    streaming::{RequestSink, ResponseReceiver, Source},
    transport::{
        frames::{FrameReceiver, FrameSender},
        path::Path,
        quic::{self, BidirectionalStream, Handle, ReceiveStream, Refusals, StreamAcceptor, connection_error},
    },
};

/// An open connection. Dropping the last handle of it closes it.
pub(crate) struct Connection {
    handle: Handle,
    gate: Arc<Gate>,
    lanes: Arc<Lanes>,
    hearing: Hearing,
    /// One for each stream that the server lets this side have open: who waits here does not wait for QUIC.
    streams: Arc<Semaphore>,
    remote_addr: SocketAddr,
    /// The largest request: what both sides allow.
    request_bytes_max: usize,
    response_bytes_max: usize,
}

impl Connection {
    /// Opens the first lane and starts the connection's tasks on the current runtime.
    pub(super) async fn open(
        greeted: Greeted,
        refusals: Refusals,
        settings: &ClientSettings,
        hearing: &Hearing,
    ) -> Result<Arc<Self>, RpcError> {
        let message_bytes_max = settings.message_bytes_max;
        let Greeted { connection, control, hello } = greeted;
        let remote_addr = connection.remote_addr().map_err(connection_error)?;
        let gate = Arc::new(Gate::new(hello.calls_max));
        let path = quic::path(&connection.handle());
        let (lane, driver) = open_lane(&mut connection.handle(), &gate, hearing).await?;
        let (handle, acceptor) = connection.split();
        let lanes = Arc::new(Lanes::new(lane));
        // Tasks of their own, so that those for every call do not look after the streams for a few.
        tokio::spawn(run_lane(handle.clone(), driver, Arc::clone(&lanes)));
        let responses = Responses {
            lanes: Arc::clone(&lanes),
            hearing: hearing.clone(),
            message_bytes_max,
            handle: handle.clone(),
            another_ended: Arc::default(),
        };
        let probe_interval = settings.probe_interval;
        let alive = Alive { gate: Arc::clone(&gate), path, probe_interval, refusals, remote_addr };
        let others = Others { alive, responses, lanes_wanted: settings.lanes };
        tokio::spawn(others.run(acceptor, control));
        let server_takes = usize::try_from(hello.message_bytes_max).unwrap_or(usize::MAX);
        let request_bytes_max = server_takes.min(message_bytes_max);
        let streams = Arc::new(Semaphore::new(quic::STREAMS_MAX as usize - STREAMS_KEPT));
        Ok(Arc::new(Self {
            handle,
            gate,
            lanes,
            hearing: hearing.clone(),
            streams,
            remote_addr,
            request_bytes_max,
            response_bytes_max: message_bytes_max,
        }))
    }

    pub(super) fn remote_addr(&self) -> SocketAddr {
        self.remote_addr
    }

    /// Why the connection is no more.
    pub(super) fn closed(&self) -> Option<RpcError> {
        self.lanes.closed()
    }

    /// Tells when the connection takes no more calls.
    pub(super) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Begins no more calls here. The connection is closed when those have ended that hold it.
    pub(super) fn leave(&self) {
        self.gate.shut();
    }

    /// Ends every call with this error.
    pub(super) fn close(&self, reason: &RpcError) {
        close_for(&self.handle, &self.lanes, reason);
    }

    /// Waits until the server takes another call.
    pub(super) async fn reserve_by(&self, deadline: Instant) -> Result<Reservation<'_>, RpcError> {
        let reserved = match self.gate.try_enter() {
            Some(reservation) => return Ok(reservation),
            None => timeout_at(deadline, self.gate.enter()).await.map_err(|_| too_late())?,
        };
        reserved.map_err(|_| self.refusal())
    }

    /// Encodes the request and appends it to the lane, in one poll: so its buffer goes straight back to its thread. The task
    /// that does it must be the first to poll the answer's future; it is woken at `nudge`, if the answer is not there by then.
    ///
    /// The request is borrowed for this alone, though nothing changes it: a shared reference could be sent to another thread only if
    /// all arguments were `Sync`.
    pub(super) async fn send<'a>(
        &'a self,
        reservation: Reservation<'a>,
        call: &'a Outgoing,
        request: &mut (impl Encode + Send),
        now: Instant,
        nudge: Option<Instant>,
    ) -> Result<SentCall<'a>, RpcError> {
        let mut reservation = Some(reservation);
        let sent = poll_fn(move |cx| match reservation.take() {
            Some(reservation) => Poll::Ready(self.submit(reservation, call, &*request, (now, nudge), cx.waker())),
            None => Poll::Pending,
        });
        sent.await
    }

    fn submit<'a>(
        &'a self,
        reservation: Reservation<'a>,
        call: &'a Outgoing,
        request: &impl Encode,
        (now, nudge): (Instant, Option<Instant>),
        waker: &Waker,
    ) -> Result<SentCall<'a>, RpcError> {
        let time_left_ms = call.time_left_ms(now).ok_or_else(too_late)?;
        if let Some(message) = request.large() {
            return self.submit_large(reservation, call, message);
        }
        let mut scratch = Scratch::take();
        request.encode(&mut scratch.bytes)?;
        if scratch.bytes.len() > LANE_MESSAGE_BYTES_MAX {
            return self.submit_large(reservation, call, scratch.freeze());
        }
        self.check_request_size(scratch.bytes.len())?;
        let Outgoing { method_id, deadline, ref metadata, .. } = *call;
        let times = Times { deadline, nudge };
        let request = Request { method_id, times, time_left_ms, metadata, message: &scratch.bytes };
        let call = self.lanes.pick().submit(reservation, &request, waker)?;
        if call.is_beside_others() {
            self.lanes.note_overlap();
        }
        Ok(SentCall::on_lane(call))
    }

    fn submit_large<'a>(
        &'a self,
        reservation: Reservation<'a>,
        call: &'a Outgoing,
        message: Bytes,
    ) -> Result<SentCall<'a>, RpcError> {
        self.check_request_size(message.len())?;
        Ok(SentCall::large(async move {
            let _reservation = reservation;
            self.call_large(call, message).await
        }))
    }

    /// Makes a call whose request is too large for the lane, on a stream of its own.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the stream is reset, which cancels the call on the server.
    async fn call_large(&self, call: &Outgoing, message: Bytes) -> Answer {
        let time_left_ms = call.time_left_ms(Instant::now()).ok_or_else(too_late)?;
        let opening = opening(StreamKind::Call, time_left_ms, call.method_id, &call.metadata);
        let exchange = self.exchange(opening.freeze(), message);
        let answer = timeout_at(call.deadline, exchange).await.map_err(|_| deadline_exceeded(Executed::Maybe))?;
        answer.map_err(|error| self.explain(error))
    }

    /// Why the connection is no more, where that is why `error` came about: a stream does not know what this side has closed
    /// the connection for.
    fn explain(&self, error: RpcError) -> RpcError {
        match self.closed() {
            Some(reason) if error.kind() == ErrorKind::Connection => reason.with_executed(error.executed()),
            _ => error,
        }
    }

    async fn exchange(&self, opening: Bytes, message: Bytes) -> Answer {
        let (stream, _permit) = self.open_stream().await?;
        let (receive, send) = quic::split(stream);
        let (mut send, mut frames) = (FrameSender::new(send), FrameReceiver::opened(receive));
        send.send(opening).await?;
        let (answer, sent_whole) = {
            let reading = read_answer(&mut frames, self.response_bytes_max);
            tokio::pin!(reading);
            // The answer may come first: a server refuses by the head alone, and then it stops listening, which fails
            // what is still being sent.
            tokio::select! {
                biased;
                answer = &mut reading => (answer?, false),
                sent = send.message(message) => match sent {
                    Ok(()) => (reading.await?, true),
                    Err(error) => (reading.await.map_err(|_| error)?, false),
                }
            }
        };
        if sent_whole {
            // Until here an open half told the server that somebody waits. It may have stopped listening since.
            let _ = send.finish();
        }
        self.hearing.tell_answers();
        Ok(answer)
    }

    /// Begins a streaming call, with its first message if it has one. Nothing is sent before the sink is flushed.
    pub(super) async fn open_streaming(
        self: &Arc<Self>,
        call: &OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        let place = self.stream_place_by(call.begins_by).await?;
        self.open_streaming_at(place, call, first).await
    }

    /// A place for another streaming call, if there is one now.
    pub(super) fn try_stream_place(&self) -> Option<StreamPlace<'_>> {
        let permit = Arc::clone(&self.streams).try_acquire_owned().ok()?;
        Some(StreamPlace { _reservation: self.gate.try_enter()?, permit })
    }

    /// The same when there is one, first come, first served.
    pub(super) async fn stream_place_by(&self, deadline: Instant) -> Result<StreamPlace<'_>, RpcError> {
        // First, as it may take long: whoever waits for a stream does not take the place of a call.
        let permit = self.unless_shut(deadline, Arc::clone(&self.streams).acquire_owned()).await?;
        let permit = permit.map_err(|_| going_away())?;
        Ok(StreamPlace { _reservation: self.reserve_by(deadline).await?, permit })
    }

    /// As [`Connection::open_streaming`], at a place that was found.
    pub(super) async fn open_streaming_at(
        self: &Arc<Self>,
        place: StreamPlace<'_>,
        call: &OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        self.check_request_size(first.map_or(0, <[u8]>::len))?;
        let stream = self.unless_shut(call.begins_by, self.open_quic_stream()).await??;
        let (receive, send) = quic::split(stream);
        let time_left_ms = call.time_left_ms().ok_or_else(too_late)?;
        let mut opening = Vec::from(opening(StreamKind::Streaming, time_left_ms, call.method_id, &call.metadata));
        if let Some(first) = first {
            put_message(&mut opening, first);
        }
        self.gate.begin_stream();
        let connection = ConnectionGuard { connection: Arc::clone(self), _permit: place.permit };
        let source = Source::Quic { stream: receive, connection };
        let receiver = ResponseReceiver::new(source, self.response_bytes_max);
        Ok((RequestSink::quic(send, opening, self.request_bytes_max), receiver))
    }

    async fn open_stream(&self) -> Result<(BidirectionalStream, OwnedSemaphorePermit), RpcError> {
        let permit = Arc::clone(&self.streams).acquire_owned().await;
        let permit = permit.map_err(|_| going_away())?;
        Ok((self.open_quic_stream().await?, permit))
    }

    async fn open_quic_stream(&self) -> Result<BidirectionalStream, RpcError> {
        let stream = self.handle.clone().open_bidirectional_stream().await;
        stream.map_err(|failure| {
            // Whoever ends the calls may be about to. The caller asks the gate what to do next.
            self.gate.shut();
            self.explain(connection_error(failure).with_executed(Executed::No))
        })
    }

    /// Waits for what a call needs before it is sent, as long as the connection takes calls.
    async fn unless_shut<T>(&self, deadline: Instant, wait: impl Future<Output = T>) -> Result<T, RpcError> {
        tokio::select! {
            biased;
            ready = timeout_at(deadline, wait) => ready.map_err(|_| too_late()),
            () = self.gate.wait_shut() => Err(self.refusal()),
        }
    }

    /// Why it takes no calls.
    pub(super) fn refusal(&self) -> RpcError {
        self.closed().map_or_else(going_away, |error| error.with_executed(Executed::No))
    }

    /// Refuses here what the server would refuse there.
    fn check_request_size(&self, length: usize) -> Result<(), RpcError> {
        match self.request_bytes_max {
            bytes_max if length <= bytes_max => Ok(()),
            bytes_max => Err(RpcError::request_too_large(length, bytes_max)),
        }
    }
}

/// Room for one streaming call, until it is begun or given up.
#[derive(Debug)]
pub(crate) struct StreamPlace<'a> {
    /// For the time of opening: a stream that is open has no id.
    _reservation: Reservation<'a>,
    permit: OwnedSemaphorePermit,
}

impl Drop for Connection {
    fn drop(&mut self) {
        quic::close(&self.handle, CloseCode::Done);
    }
}

/// What begins a stream of one call: its kind and the head of the request.
fn opening(kind: StreamKind, time_left_ms: u32, method_id: u64, metadata: &Bytes) -> BytesMut {
    let mut opening = BytesMut::new();
    opening.put_u8(kind.byte());
    RequestHead::new(0, time_left_ms, method_id).with_metadata(metadata.clone()).put(&mut opening, &[]);
    opening
}

/// Keeps a connection open, and the place of one of its streams taken.
pub(crate) struct ConnectionGuard {
    connection: Arc<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.connection.gate.end_stream();
    }
}

impl ConnectionGuard {
    /// The server takes no more calls on this connection, as the answer to one has told.
    pub(crate) fn leave(&self) {
        self.connection.leave();
    }

    /// The server broke the protocol on a stream of this connection.
    pub(crate) fn fail(&self, error: &RpcError) {
        close_for(&self.connection.handle, &self.connection.lanes, error);
    }

    /// What a stream of this connection failed by, as far as the connection knows more.
    pub(crate) fn explain(&self, error: RpcError) -> RpcError {
        self.connection.explain(error)
    }
}

/// Drives a lane to its end, which is the connection's.
#[expect(clippy::manual_async_fn, reason = "the arguments of an `async fn` lie in its task twice")]
fn run_lane(handle: Handle, mut driver: Driver, lanes: Arc<Lanes>) -> impl Future<Output = ()> + Send {
    async move {
        let error = driver.run().await;
        close_for(&handle, &lanes, &error);
    }
}

/// What tells whether the server is there.
struct Alive {
    gate: Arc<Gate>,
    path: Arc<Path>,
    probe_interval: Option<Duration>,
    refusals: Refusals,
    remote_addr: SocketAddr,
}

/// What a connection has besides its first lane.
struct Others {
    alive: Alive,
    responses: Responses,
    lanes_wanted: Option<usize>,
}

impl Others {
    /// Looks after the control stream, the large answers, the path and the other lanes until one of them fails, which ends the
    /// connection.
    #[expect(clippy::manual_async_fn, reason = "the arguments of an `async fn` lie in its task twice")]
    fn run(self, mut acceptor: StreamAcceptor, mut control: FrameReceiver) -> impl Future<Output = ()> + Send {
        async move {
            let Self { alive: Alive { gate, path, probe_interval, refusals, remote_addr }, responses, .. } = &self;
            let Responses { lanes, handle, .. } = responses;
            let ping = || quic::ping(handle);
            let error = tokio::select! {
                error = watch(gate, path, *probe_interval, ping) => error,
                error = watch_refusals(path, ping, || refusals.refused(*remote_addr)) => error,
                error = responses.accept(&mut acceptor) => error,
                error = read_control(&mut control, gate) => error,
                Err(error) = self.open_lanes() => error,
            };
            close_for(handle, lanes, &error);
        }
    }

    /// Opens the rest of the lanes when calls overlap for the first time.
    async fn open_lanes(&self) -> Result<Infallible, RpcError> {
        let Responses { lanes, hearing, handle, .. } = &self.responses;
        lanes.wait_overlap().await;
        let mut others = Vec::new();
        for _ in 1..self.lanes_wanted.unwrap_or_else(|| lanes_for(self.alive.path.min_rtt())) {
            let (lane, driver) = open_lane(&mut handle.clone(), &self.alive.gate, hearing).await?;
            tokio::spawn(run_lane(handle.clone(), driver, Arc::clone(lanes)));
            others.push(lane);
        }
        lanes.add(others);
        pending().await
    }
}

/// Opens a stream for a lane. Nothing happens on it before its driver runs.
async fn open_lane(handle: &mut Handle, gate: &Arc<Gate>, hearing: &Hearing) -> Result<(OpenLane, Driver), RpcError> {
    let stream = handle.open_bidirectional_stream().await.map_err(connection_error)?;
    let (receive, send) = quic::split(stream);
    let lane = (send.id(), Lane::new(Arc::clone(gate)));
    let opening = Bytes::copy_from_slice(&[StreamKind::Lane.byte()]);
    let driver = Driver::new(Arc::clone(&lane.1), (receive, send), opening, hearing.clone());
    Ok((lane, driver))
}

fn close_for(handle: &Handle, lanes: &Lanes, error: &RpcError) {
    // In this order: whoever finds the connection closed finds out why.
    lanes.close(error);
    let code = if error.kind() == ErrorKind::Protocol { CloseCode::Protocol } else { CloseCode::Done };
    quic::close(handle, code);
}

/// The server has nothing to say on the control stream but that it goes away, until the connection ends.
async fn read_control(frames: &mut FrameReceiver, gate: &Gate) -> RpcError {
    loop {
        match frames.next().await {
            Ok(Some(Frame { kind: FrameKind::Pong, .. })) => {}
            Ok(Some(Frame { kind: FrameKind::GoAway, payload })) => match GoAway::read(&payload) {
                Ok(GoAway { time_left_ms }) => {
                    tracing::debug!(time_left_ms, "the server goes away");
                    gate.shut();
                }
                Err(error) => return error.into(),
            },
            Ok(Some(Frame { kind, .. })) => return ProtocolError::UnexpectedFrame { kind: kind.byte() }.into(),
            Ok(None) => return ProtocolError::Truncated.into(),
            Err(error) => return error,
        }
    }
}

/// Takes the answers that are too large for a lane.
#[derive(Clone)]
struct Responses {
    lanes: Arc<Lanes>,
    hearing: Hearing,
    message_bytes_max: usize,
    handle: Handle,
    /// Told when the stream of an answer has ended.
    another_ended: Arc<Notify>,
}

impl Responses {
    async fn accept(&self, acceptor: &mut StreamAcceptor) -> RpcError {
        let mut streams = JoinSet::new();
        loop {
            tokio::select! {
                accepted = acceptor.accept_receive_stream() => match accepted {
                    Ok(Some(stream)) => {
                        streams.spawn(self.clone().receive(stream.into()));
                    }
                    Ok(None) => return quic::why_closed(&self.handle),
                    Err(failure) => return connection_error(failure),
                },
                Some(ended) = streams.join_next() => match ended {
                    Ok(Err(error)) if error.kind() == ErrorKind::Protocol => return error,
                    _ => {}
                }
            }
        }
    }

    /// Reads one answer and hands it to its call.
    async fn receive(self, stream: ReceiveStream) -> Result<(), RpcError> {
        let mut frames = FrameReceiver::opened(stream);
        let kind = frames.kind().await?;
        if kind != StreamKind::Response {
            return Err(ProtocolError::UnknownStream { kind: kind.byte() }.into());
        }
        let lane = match frames.next().await? {
            Some(Frame { kind: FrameKind::Lane, payload }) => self.lanes.by_id(read_lane(&payload)?),
            _ => None,
        };
        let lane = lane.ok_or(ProtocolError::UnknownStream { kind: kind.byte() })?;
        let head = read_head(&mut frames).await?;
        let call_id = head.call_id;
        loop {
            let another_ended = self.another_ended.notified();
            match lane.begin_stream(call_id) {
                Some(true) => break,
                // One that was reset may still look alive. What is not read yet is bounded by QUIC.
                Some(false) => another_ended.await,
                // A reset that is late, or a server that would have its client hold what it never asked for.
                None => return Ok(()),
            }
        }
        let outcome = self.hand_over(&mut frames, lane, head).await;
        self.another_ended.notify_waiters();
        outcome
    }

    /// Reads the message and hands the answer to its call.
    async fn hand_over(&self, frames: &mut FrameReceiver, lane: &Lane, head: ResponseHead) -> Result<(), RpcError> {
        let call_id = head.call_id;
        let answer = match frames.message(self.message_bytes_max).await {
            Ok(message) => answer_of(head, message),
            Err(error) if error.kind() == ErrorKind::MessageTooLarge => {
                Err(error.with_executed(executed_by(head.status)))
            }
            // The server gave this stream up: it owes the answer on the lane.
            Err(error) => {
                lane.give_stream_up(call_id);
                return Err(error);
            }
        };
        self.hearing.tell_answers();
        Ok(lane.answer(call_id, answer)?)
    }
}

async fn read_answer(frames: &mut FrameReceiver, bytes_max: usize) -> Answer {
    let head = read_head(frames).await?;
    let message = frames.message(bytes_max).await.map_err(|error| error.with_executed(executed_by(head.status)))?;
    answer_of(head, message)
}

async fn read_head(frames: &mut FrameReceiver) -> Result<ResponseHead, RpcError> {
    match frames.next().await? {
        Some(Frame { kind: FrameKind::Response, payload }) => Ok(ResponseHead::read(payload)?.0),
        Some(Frame { kind, .. }) => Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
        None => Err(ProtocolError::Truncated.into()),
    }
}

/// Streams that are neither large calls nor streaming ones: the control stream and lanes.
const STREAMS_KEPT: usize = 1 + LANES_MAX;
