//! Answers one call that runs on a task of its own, whatever becomes of that task.

use std::sync::Arc;

use super::{
    outbox::Outbox,
    running::Running,
    shared::{CallPermit, ConnectionShared},
};
use crate::{
    RpcError,
    proto::{LANE_MESSAGE_BYTES_MAX, Status, response_opening},
    service::Reply,
    transport::{frames::FrameSender, quic::connection_error},
};

/// Owes a lane the answer to one call. Dropped without one, as when the runtime shuts down around the handler, it
/// answers that the handler was dropped: a caller is never left waiting.
pub(crate) struct Responder {
    outbox: Arc<Outbox>,
    connection: Arc<ConnectionShared>,
    lane_id: u64,
    call_id: u32,
    permit: Option<CallPermit>,
    answered: bool,
}

impl Responder {
    pub(crate) fn new(outbox: Arc<Outbox>, connection: Arc<ConnectionShared>, lane_id: u64, call_id: u32) -> Self {
        let permit = Some(connection.admit());
        Self { outbox, connection, lane_id, call_id, permit, answered: false }
    }

    /// Runs the handler to its end and answers.
    pub(crate) async fn run(self, handler: Running) {
        let reply = handler.await;
        self.answer(reply).await;
    }

    /// Answers on the lane, or on a stream of its own if the answer is too large for that.
    pub(crate) async fn answer(mut self, reply: Reply) {
        let reply = reply.bounded(self.connection.response_bytes_max());
        if reply.message.as_slice().len() <= LANE_MESSAGE_BYTES_MAX {
            self.finish(&reply);
            return;
        }
        match self.send_large(reply).await {
            Ok(()) => {
                self.end();
                self.outbox.end(self.call_id);
            }
            Err(error) => {
                tracing::debug!(%error, "a large answer could not be sent");
                self.finish(&Reply::status(Status::Internal, "the answer could not be sent"));
            }
        }
    }

    async fn send_large(&self, reply: Reply) -> Result<(), RpcError> {
        let stream = self.connection.handle.clone().open_send_stream().await.map_err(connection_error)?;
        let mut stream = FrameSender::new(stream);
        stream.send(response_opening(self.lane_id, self.call_id, reply.status)).await?;
        stream.message(reply.message.into_bytes()).await?;
        stream.finish()
    }

    fn finish(&mut self, reply: &Reply) {
        self.end();
        self.outbox.answer(self.call_id, reply);
    }

    /// The handler has stopped and its answer is on its way: the call is no longer in flight.
    fn end(&mut self) {
        self.answered = true;
        self.permit = None;
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if !self.answered {
            self.finish(&Reply::status(Status::Internal, "the server dropped the handler before its end"));
        }
    }
}
