//! A call whose request is too large for a lane, on a stream of its own.
//!
//! The client keeps its half open until it has the answer: a reset of it means that the caller is gone.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use super::{router::Route, running::Running, shared::ConnectionShared};
use crate::{
    Context, ErrorKind, RpcError,
    proto::{Frame, FrameKind, ProtocolError, RequestHead, ResponseHead, Status},
    service::{IncomingCall, Reply},
    transport::frames::{FrameReceiver, FrameSender},
};

/// Reads the request, runs its handler and sends the answer.
pub(crate) async fn serve(
    connection: Arc<ConnectionShared>,
    mut frames: FrameReceiver,
    mut send: FrameSender,
) -> Result<(), RpcError> {
    let head = match frames.next().await? {
        Some(Frame { kind: FrameKind::Request, payload }) => RequestHead::read(payload)?.0,
        Some(Frame { kind, .. }) => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
        None => return Err(ProtocolError::Truncated.into()),
    };
    let deadline =
        (head.time_left_ms != 0).then(|| Instant::now() + Duration::from_millis(u64::from(head.time_left_ms)));
    let reply = match admit(&connection, &head) {
        // Counted from here on: a message that is being read takes memory, too.
        Ok(route) => {
            let _permit = connection.admit();
            match read_message(&connection, &mut frames, deadline).await {
                Ok(message) => run(&connection, &mut frames, route, head.method_id, message, deadline).await,
                Err(refusal) => refusal?,
            }
        }
        Err(status) => Reply::status(status, ""),
    };
    let reply = reply.bounded(connection.response_bytes_max());
    let mut opening = BytesMut::new();
    ResponseHead::new(head.call_id, reply.status).put(&mut opening, &[]);
    send.send(opening.freeze()).await?;
    send.message(reply.message.into_bytes()).await?;
    send.finish()
}

/// The route of the call, or why it is refused.
fn admit<'a>(connection: &'a ConnectionShared, head: &RequestHead) -> Result<&'a Arc<Route>, Status> {
    let route = connection.server.router.route(head.method_id).ok_or(Status::UnknownMethod)?;
    if head.fields.unknown_critical.is_some() {
        return Err(Status::Unsupported);
    }
    if connection.is_overloaded() {
        return Err(Status::Overloaded);
    }
    Ok(route)
}

/// Reads the message. On the error side: a reply that refuses it, or the failure of the stream.
async fn read_message(
    connection: &ConnectionShared,
    frames: &mut FrameReceiver,
    deadline: Option<Instant>,
) -> Result<Bytes, Result<Reply, RpcError>> {
    let bytes_max = connection.server.config.settings().limits.message_bytes_max;
    let read = frames.message(bytes_max);
    let read = match deadline {
        Some(deadline) => match timeout_at(deadline, read).await {
            Ok(read) => read,
            Err(_) => return Err(Ok(Reply::status(Status::Expired, ""))),
        },
        None => read.await,
    };
    read.map_err(|error| match error.kind() {
        ErrorKind::MessageTooLarge => Ok(Reply::status(Status::RequestTooLarge, error.to_string())),
        _ => Err(error),
    })
}

/// Runs the handler on the application's runtime, and cancels it when the client resets its half.
async fn run(
    connection: &ConnectionShared,
    frames: &mut FrameReceiver,
    route: &Arc<Route>,
    method_id: u64,
    message: Bytes,
    deadline: Option<Instant>,
) -> Reply {
    let server = &connection.server;
    let context = Context::new(route.name, deadline, Some(connection.peer));
    let call = IncomingCall::new(method_id, message);
    let handler = {
        let _application = server.application.enter();
        context.enter(|| server.router.dispatcher(route.service).start(call))
    };
    let mut running = server.application.spawn(Running::new(handler, context.clone(), Arc::clone(route)));
    let ended = tokio::select! {
        ended = &mut running => ended,
        // Whatever comes here, it is not an answer's reader.
        _ = frames.next() => {
            context.cancel();
            running.await
        }
    };
    ended.unwrap_or_else(|_| Reply::status(Status::Internal, "the server dropped the handler before its end"))
}
