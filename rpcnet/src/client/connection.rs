//! One connection of a client: its lane, its control stream, and the streams of large messages.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::task::JoinSet;

use super::{
    dial::Dialed,
    driver::Driver,
    lane::{Lane, Request},
};
use crate::{
    ErrorKind, Executed, RpcError,
    proto::{
        CloseCode, Frame, FrameKind, Hello, ProtocolError, RequestHead, ResponseHead, Status, StreamKind, read_lane,
    },
    transport::{
        frames::{FrameReceiver, FrameSender},
        quic::{self, Handle, ReceiveStream, StreamAcceptor, connection_error},
    },
};

/// An open connection. Dropping the last handle of it closes it.
pub(crate) struct Connection {
    handle: Handle,
    pub(super) lane: Arc<Lane>,
    /// What the server allows.
    pub(super) hello: Hello,
    message_bytes_max: usize,
}

impl Connection {
    /// Opens the lane and starts the connection's tasks on the current runtime.
    pub(super) async fn open(dialed: Dialed, message_bytes_max: usize) -> Result<Arc<Self>, RpcError> {
        let Dialed { mut connection, control, hello } = dialed;
        let stream = connection.open_bidirectional_stream().await.map_err(connection_error)?;
        let (handle, acceptor) = connection.split();
        let (receive, send) = stream.split();
        let lane = Lane::new(hello.calls_max);
        let lane_id = send.id();
        let opening = Bytes::copy_from_slice(&[StreamKind::Lane.byte()]);
        let driver = Driver::new(Arc::clone(&lane), receive, send, opening);
        let responses = Responses { lane: Arc::clone(&lane), lane_id, message_bytes_max };
        tokio::spawn(drive(handle.clone(), driver, responses, acceptor, control));
        Ok(Arc::new(Self { handle, lane, hello, message_bytes_max }))
    }

    /// Makes a call whose request is too large for the lane, on a stream of its own.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the stream is reset, which cancels the call on the server.
    pub(super) async fn call_large(&self, request: &Request<'_>, message: Bytes) -> Result<(Status, Bytes), RpcError> {
        let stream = self
            .handle
            .clone()
            .open_bidirectional_stream()
            .await
            .map_err(|failure| connection_error(failure).with_executed(Executed::No))?;
        let (receive, send) = stream.split();
        let mut send = FrameSender::new(send);
        let mut opening = BytesMut::new();
        opening.put_u8(StreamKind::Call.byte());
        RequestHead::new(0, request.time_left_ms, request.method_id).put(&mut opening, &[]);
        send.send(opening.freeze()).await?;
        let mut frames = FrameReceiver::opened(receive);
        let (head, message) = {
            let reading = read_response(&mut frames, self.message_bytes_max);
            tokio::pin!(reading);
            // The answer may come first: a server refuses by the head alone.
            tokio::select! {
                sent = send.message(message) => {
                    sent?;
                    reading.await?
                }
                answer = &mut reading => answer?,
            }
        };
        // Until here an open half told the server that somebody waits. It may have stopped listening since.
        let _ = send.finish();
        Ok((head.status, message))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        quic::close(&self.handle, CloseCode::Done);
    }
}

/// Runs everything that a connection does by itself, until one part of it fails. Then all calls are answered.
async fn drive(
    handle: Handle,
    driver: Driver,
    responses: Responses,
    acceptor: StreamAcceptor,
    control: (FrameSender, FrameReceiver),
) {
    let lane = Arc::clone(&responses.lane);
    let (_control_send, control) = control;
    let error = tokio::select! {
        error = driver.run() => error,
        error = responses.accept(acceptor) => error,
        error = read_control(control) => error,
    };
    let code = if error.kind() == ErrorKind::Protocol { CloseCode::Protocol } else { CloseCode::Done };
    quic::close(&handle, code);
    lane.close(&error);
}

/// The server has nothing to say on the control stream yet but the end of the connection.
async fn read_control(mut frames: FrameReceiver) -> RpcError {
    loop {
        match frames.next().await {
            Ok(Some(Frame { kind: FrameKind::Pong, .. })) => {}
            Ok(Some(Frame { kind, .. })) => return ProtocolError::UnexpectedFrame { kind: kind.byte() }.into(),
            Ok(None) => return ProtocolError::Truncated.into(),
            Err(error) => return error,
        }
    }
}

/// Takes the answers that are too large for the lane.
struct Responses {
    lane: Arc<Lane>,
    lane_id: u64,
    message_bytes_max: usize,
}

impl Responses {
    async fn accept(self, mut acceptor: StreamAcceptor) -> RpcError {
        let mut streams = JoinSet::new();
        loop {
            tokio::select! {
                accepted = acceptor.accept_receive_stream() => match accepted {
                    Ok(Some(stream)) => {
                        let (lane, lane_id, bytes_max) = (Arc::clone(&self.lane), self.lane_id, self.message_bytes_max);
                        streams.spawn(receive_response(lane, lane_id, bytes_max, stream));
                    }
                    Ok(None) => return RpcError::new(ErrorKind::Connection, Executed::Maybe, "the connection was closed"),
                    Err(failure) => return connection_error(failure),
                },
                Some(Ok(Err(error))) = streams.join_next() => {
                    if error.kind() == ErrorKind::Protocol {
                        return error;
                    }
                }
            }
        }
    }
}

/// Reads one answer and hands it to its call.
async fn receive_response(
    lane: Arc<Lane>,
    lane_id: u64,
    message_bytes_max: usize,
    stream: ReceiveStream,
) -> Result<(), RpcError> {
    let (kind, mut frames) = FrameReceiver::accept(stream).await?;
    if kind != StreamKind::Response {
        return Err(ProtocolError::UnknownStream { kind: kind.byte() }.into());
    }
    match frames.next().await? {
        Some(Frame { kind: FrameKind::Lane, payload }) if read_lane(&payload)? == lane_id => {}
        _ => return Err(ProtocolError::UnknownStream { kind: kind.byte() }.into()),
    }
    let head = read_head(&mut frames).await?;
    let message = frames.message(message_bytes_max).await;
    let answer = message.map(|message| (head.status, message)).map_err(|error| error.with_executed(Executed::Yes));
    Ok(lane.answer(head.call_id, answer)?)
}

async fn read_response(frames: &mut FrameReceiver, bytes_max: usize) -> Result<(ResponseHead, Bytes), RpcError> {
    let head = read_head(frames).await?;
    let message = frames.message(bytes_max).await.map_err(|error| error.with_executed(Executed::Yes))?;
    Ok((head, message))
}

async fn read_head(frames: &mut FrameReceiver) -> Result<ResponseHead, RpcError> {
    match frames.next().await? {
        Some(Frame { kind: FrameKind::Response, payload }) => Ok(ResponseHead::read(payload)?.0),
        Some(Frame { kind, .. }) => Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
        None => Err(ProtocolError::Truncated.into()),
    }
}
