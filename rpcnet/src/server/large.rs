//! A call whose request is too large for a lane, on a stream of its own.
//!
//! The client keeps its half open until it has the answer: a reset of it means that the caller is gone.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::time::{Instant, timeout_at};

use super::{
    budget::Charge,
    router::Route,
    running::HandlerTask,
    shared::{CallPermit, ConnectionShared, deadline_of},
};
use crate::{
    Context, ErrorKind, RpcError,
    codec::Body,
    proto::{Frame, FrameKind, ProtocolError, RequestHead, Status},
    service::{IncomingCall, Reply},
    transport::frames::{FrameReceiver, FrameSender},
};

/// Reads the request, runs its handler and sends the answer.
pub(crate) async fn serve(
    connection: Arc<ConnectionShared>,
    mut frames: FrameReceiver,
    send: FrameSender,
) -> Result<(), RpcError> {
    let head = connection.in_time(read_head(&mut frames)).await?;
    let deadline = deadline_of(&head, Instant::now());
    let reply = match connection.admit_unary(&head) {
        // Counted from here on: a message that is being read takes memory, too.
        Ok((route, metadata)) => match read_message(&connection, &mut frames, deadline).await {
            Ok((message, permit)) => {
                let call = IncomingCall::new(head.method_id, message);
                let context = Context::new(route.name, deadline, Some(connection.peer), metadata);
                run(&connection, &mut frames, route, call, context, permit).await
            }
            Err(refusal) => refusal?,
        },
        Err(status) => Reply::status(status, ""),
    };
    answer(&connection, send, head.call_id, reply.bounded(connection.response_bytes_max())).await
}

/// Reads the head of the one request that a stream is for.
pub(super) async fn read_head(frames: &mut FrameReceiver) -> Result<RequestHead, RpcError> {
    match frames.next().await? {
        Some(Frame { kind: FrameKind::Request, payload }) => Ok(RequestHead::read(payload)?.0),
        Some(Frame { kind, .. }) => Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
        None => Err(ProtocolError::Truncated.into()),
    }
}

/// Sends the answer and ends the stream.
pub(super) async fn answer(
    connection: &Arc<ConnectionShared>,
    mut send: FrameSender,
    call_id: u32,
    reply: Reply,
) -> Result<(), RpcError> {
    // Held until the client has it all: what is sent and not acknowledged takes memory, too.
    let mut charge = Charge::new(Arc::clone(connection));
    if !charge.grow_or_close(reply.message.as_slice().len()) {
        return Ok(());
    }
    let mut opening = BytesMut::new();
    reply.head(call_id).put(&mut opening, &[]);
    send.send(opening.freeze()).await?;
    let note_progress = || connection.account.note_progress();
    let last = send.message_but_its_end(reply.message.into_bytes(), note_progress).await?;
    send.message(last).await?;
    send.close().await;
    Ok(())
}

/// Reads the message. On the error side: a reply that refuses it, or the failure of the stream.
pub(super) async fn read_message(
    connection: &Arc<ConnectionShared>,
    frames: &mut FrameReceiver,
    deadline: Option<Instant>,
) -> Result<(Body, CallPermit), Result<Reply, RpcError>> {
    let mut permit = connection.admit();
    let bytes_max = connection.server.config.settings().limits.message_bytes_max;
    let charge = permit.charge();
    let read = async {
        // So that a client that stops here is found to wait for nothing.
        charge.hold(1)?;
        frames.message_counted(bytes_max, |bytes| charge.hold(bytes)).await
    };
    let read = match deadline {
        Some(deadline) => match timeout_at(deadline, read).await {
            Ok(read) => read,
            Err(_) => return Err(Ok(Reply::status(Status::Expired, ""))),
        },
        None => read.await,
    };
    // What the handler does with it, and for how long, is not the client's fault.
    permit.charge().settle();
    read.map(|message| (message, permit)).map_err(|error| match error.kind() {
        ErrorKind::Overloaded => Ok(Reply::status(Status::Overloaded, error.to_string())),
        ErrorKind::MessageTooLarge => Ok(Reply::status(Status::RequestTooLarge, error.to_string())),
        _ => Err(error),
    })
}

/// Runs the handler on the application's runtime, and cancels it when the client resets its half. The call counts as in
/// flight until the handler has stopped, also if this future is dropped.
async fn run(
    connection: &ConnectionShared,
    frames: &mut FrameReceiver,
    route: &Arc<Route>,
    call: IncomingCall,
    context: Context,
    permit: CallPermit,
) -> Reply {
    let server = &connection.server;
    let mut task = HandlerTask::spawn_keeping(&server.application, &server.router, route, call, context, permit);
    tokio::select! {
        reply = task.reply() => return reply,
        // Whatever comes here, it is not an answer's reader.
        _ = frames.next() => task.cancel(),
    }
    task.reply().await
}
