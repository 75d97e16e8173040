//! Answers one call that runs on a task of its own, whatever becomes of that task.

use std::{future::poll_fn, sync::Arc};

use tokio::time::sleep_until;

use super::{
    budget::Charge,
    outbox::Outbox,
    running::Running,
    shared::{CallPermit, Computing, ConnectionShared},
};
use crate::{
    Context, RpcError,
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
    /// Held while a handler runs that computes.
    computing: Option<Computing>,
    /// The handler has been polled.
    started: bool,
    answered: bool,
}

impl Responder {
    pub(crate) fn new(
        outbox: Arc<Outbox>,
        connection: Arc<ConnectionShared>,
        lane_id: u64,
        call_id: u32,
        computes: bool,
    ) -> Self {
        // One that computes is polled first on a task of its own.
        let started = !computes;
        let permit = Some(connection.admit());
        let computing = computes.then(|| connection.server.compute());
        Self { outbox, connection, lane_id, call_id, permit, computing, started, answered: false }
    }

    /// Runs the handler to its end and answers.
    pub(crate) async fn run(mut self, mut handler: Running) {
        self.started = true;
        let reply = (&mut handler).await;
        self.answer(reply, handler.context().clone()).await;
    }

    /// Answers on the lane, or on a stream of its own if the answer is too large for that.
    ///
    /// Where handlers that compute wait for a thread, their answers leave a few at a time: waking the IO thread for each
    /// one would cost the handlers more than it gains the callers. The lane's timer bounds how late they are.
    pub(crate) async fn answer(mut self, reply: Reply, context: Context) {
        let reply = reply.bounded(self.connection.response_bytes_max());
        if reply.message.as_slice().len() > LANE_MESSAGE_BYTES_MAX {
            self.answer_on_stream(reply, &context).await;
            return;
        }
        self.answered = true;
        if !self.charge_answer(reply.message.as_slice().len()) {
            return;
        }
        let queued = self.computing.take().map_or(0, Computing::stop);
        let waiting = self.outbox.answer(self.call_id, &reply, self.permit.take());
        if waiting > queued / SHARE_AT_ONCE {
            self.outbox.wake();
        }
    }

    /// Sends a large answer, as long as somebody waits for it.
    async fn answer_on_stream(&mut self, reply: Reply, context: &Context) {
        let mut charge = Charge::new(Arc::clone(&self.connection));
        if !charge.grow_or_close(reply.message.as_slice().len()) {
            self.answered = true;
            return;
        }
        let deadline = context.deadline_instant();
        let overdue = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let failure = tokio::select! {
            sent = self.send_on_stream(reply, &mut charge) => match sent {
                Ok(stream) => {
                    self.answered = true;
                    // The call is over, but what the transport holds of its answer is held until the client has it.
                    stream.close().await;
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "a large answer could not be sent");
                    Reply::status(Status::Internal, "the answer could not be sent")
                }
            },
            () = poll_fn(|cx| context.poll_cancelled(cx)) => Reply::status(Status::Cancelled, ""),
            () = overdue => Reply::status(Status::DeadlineExceeded, ""),
        };
        // The stream was reset, so the answer is still owed.
        self.finish(&failure);
    }

    async fn send_on_stream(&mut self, reply: Reply, charge: &mut Charge) -> Result<FrameSender, RpcError> {
        let stream = self.connection.handle.clone().open_send_stream().await.map_err(connection_error)?;
        let mut stream = FrameSender::new(stream.into());
        stream.send(response_opening(self.lane_id, &reply.head(self.call_id))).await?;
        let note_progress = || charge.connection.account.note_progress();
        let last = stream.message_but_its_end(reply.message.into_bytes(), note_progress).await?;
        // The client may use the id again as soon as it has the end, and so its place under the limits.
        self.outbox.free(self.call_id);
        self.permit = None;
        stream.message(last).await?;
        // From here on the client may have it all, and stop reading before the stream has ended: that is no failure.
        let _ = stream.finish();
        Ok(stream)
    }

    /// Counts an answer that is on its way to the lane; `false` if there was no room, and the connection is closed.
    fn charge_answer(&mut self, bytes: usize) -> bool {
        self.permit.as_mut().is_none_or(|permit| permit.charge().grow_or_close(bytes))
    }

    fn finish(&mut self, reply: &Reply) {
        self.answered = true;
        self.outbox.answer(self.call_id, reply, self.permit.take());
        self.outbox.wake();
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if !self.answered {
            self.finish(&Reply::dropped(self.started));
        }
    }
}

/// Answers leave together when they are this part of the handlers that wait for a thread. A caller that shares the
/// threads with so many others waits no more than a quarter longer; where there is a thread for each, it waits for nobody.
const SHARE_AT_ONCE: usize = 4;
