//! A streaming call on the server: carries messages between its QUIC stream and its handler.
//!
//! The handler runs on the application's runtime and touches two queues; the QUIC stream is touched here alone, on the
//! thread of its connection.

use std::{future::poll_fn, sync::Arc};

use tokio::time::Instant;

use super::{
    budget::Charge,
    large::{answer, read_head, read_message},
    router::Route,
    shared::{ConnectionShared, deadline_of},
};
use crate::{
    ErrorKind, Executed, RpcError, Shape,
    codec::Body,
    proto::{Frame, ProtocolError, RequestHead, Status},
    service::Reply,
    streaming::{self, Queue, StreamingCall, StreamingHandler},
    transport::frames::{FrameReceiver, FrameSender},
};

/// Reads the head of the call, runs its handler, and carries messages both ways until one of them is done.
pub(crate) async fn serve(
    connection: Arc<ConnectionShared>,
    mut frames: FrameReceiver,
    mut send: FrameSender,
) -> Result<(), RpcError> {
    let head = connection.in_time(read_head(&mut frames)).await?;
    let handler = match start(&connection, &head, &mut frames).await? {
        Ok(handler) => handler,
        Err(refusal) => {
            return answer(&connection, send, head.call_id, refusal.bounded(connection.response_bytes_max())).await;
        }
    };
    let left = tokio::select! {
        sent = send_responses(&mut send, &handler.responses) => match sent {
            Ok(()) => {
                drop(frames);
                return send.finish();
            }
            Err(left) => left,
        },
        left = receive_requests(&connection, &mut frames, &handler.requests) => left,
    };
    // A caller that leaves resets its half and stops reading the other: either may be noticed first.
    let gave_up = frames.was_reset() || send.was_stopped();
    drop(frames);
    handler.abandon(caller_left(&left, gave_up));
    Err(left)
}

/// Starts the handler, or says why not.
async fn start(
    connection: &Arc<ConnectionShared>,
    head: &RequestHead,
    frames: &mut FrameReceiver,
) -> Result<Result<StreamingHandler, Reply>, RpcError> {
    let (route, metadata) = match connection.admit_request(head) {
        Ok(admitted) => admitted,
        Err(status) => return Ok(Err(Reply::status(status, ""))),
    };
    if route.shape == Shape::Unary {
        let reason = format!("`{}` does not stream", route.name);
        return Ok(Err(Reply::status(Status::MalformedRequest, reason)));
    }
    let deadline = deadline_of(head, Instant::now());
    let (message, permit) = if route.has_arguments() {
        match read_message(connection, frames, deadline).await {
            Ok(read) => read,
            Err(refusal) => return refusal.map(Err),
        }
    } else {
        (Body::default(), connection.admit())
    };
    let server = &connection.server;
    let call = StreamingCall {
        message,
        deadline,
        peer: Some(connection.peer),
        metadata,
        response_bytes_max: connection.response_bytes_max(),
    };
    Ok(Ok(StreamingHandler::spawn(&server.application, &server.router, route, call, permit)))
}

/// Sends what the handler leaves, until it has left its end.
async fn send_responses(send: &mut FrameSender, responses: &Queue) -> Result<(), RpcError> {
    while let Some(frames) = poll_fn(|cx| responses.poll_next(cx)).await {
        send.send(frames?).await?;
    }
    Ok(())
}

/// Hands the handler its requests. Ends only when the caller is gone, with how that showed.
async fn receive_requests(
    connection: &Arc<ConnectionShared>,
    frames: &mut FrameReceiver,
    requests: &Queue,
) -> RpcError {
    match read_to_end(connection, frames, requests).await {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

enum Never {}

async fn read_to_end(
    connection: &Arc<ConnectionShared>,
    frames: &mut FrameReceiver,
    requests: &Queue,
) -> Result<Never, RpcError> {
    let bytes_max = connection.server.config.settings().limits.message_bytes_max;
    let mut charge = Charge::new(Arc::clone(connection));
    loop {
        tokio::select! {
            biased;
            // A handler that has let go of its requests is sent more of them all the same, for nothing.
            _ = connection.account.held_up(requests.room()) => {}
            error = frames.failed() => return Err(error),
        }
        // A large message fills the queue, so that there is room again when the handler has it.
        charge.release();
        let read = frames.next_message(bytes_max, |bytes| charge.hold(bytes)).await;
        // How long the handler leaves it there is not the client's fault.
        charge.settle();
        match read {
            Ok(Some(message)) => requests.push_with(message.into_bytes(), frames.take_skipped()),
            Ok(None) => {
                requests.end(Ok(()));
                break;
            }
            Err(error) if matches!(error.kind(), ErrorKind::MessageTooLarge | ErrorKind::Overloaded) => {
                charge.release();
                requests.end(Err(error));
                // What follows can't be read, and what comes of it is the handler's to say, as long as somebody listens.
                return Err(frames.failed().await);
            }
            Err(error) => return Err(error),
        }
    }
    // A caller keeps its half open until it has its answer; one that ends it well still wants it.
    match frames.next().await? {
        None => std::future::pending().await,
        Some(Frame { kind, .. }) => Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
    }
}

/// What the handler is told about it.
fn caller_left(error: &RpcError, gave_up: bool) -> RpcError {
    if gave_up { streaming::gave_up() } else { error.clone().with_executed(Executed::Yes) }
}

impl Route {
    /// Whether the first message is the method's arguments. Raw handlers have none: all messages are requests to them.
    fn has_arguments(&self) -> bool {
        !self.raw
    }
}
