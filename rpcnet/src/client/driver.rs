//! The task behind a client's lane: sends what callers appended, hands out what the server answered.

use std::{
    future::Future,
    mem,
    pin::{Pin, pin},
    sync::Arc,
    task::{self, Poll, ready},
};

use bytes::Bytes;
use tokio::{
    task::yield_now,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    hearing::Hearing,
    lane::{Lane, Turn, dropped},
    pending::answer_of,
};
use crate::{
    RpcError,
    proto::{Frame, FrameKind, FrameReader, ProtocolError, ResponseHead, read_load},
    transport::quic::{ReceiveStream, SendStream, stream_error},
};

pub(crate) struct Driver {
    lane: Arc<Lane>,
    receive: ReceiveStream,
    send: SendStream,
    reader: FrameReader,
    turn: Turn,
    hearing: Hearing,
    /// A batch that the transport has not taken yet.
    unsent: Bytes,
    /// Fires when the first of the calls that wait is due.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Driver {
    pub(super) fn new(
        lane: Arc<Lane>,
        (receive, send): (ReceiveStream, SendStream),
        opening: Bytes,
        hearing: Hearing,
    ) -> Self {
        let (reader, turn) = (FrameReader::default(), Turn::default());
        Self { lane, receive, send, reader, turn, hearing, unsent: opening, timer: None }
    }

    /// Drives the lane until it fails; a lane never ends well, its connection does. Every call is answered then.
    pub(crate) async fn run(&mut self) -> RpcError {
        let error = std::future::poll_fn(|cx| self.poll_drive(cx)).await;
        self.lane.close(&error);
        error
    }

    /// Ready when the lane has failed.
    fn poll_drive(&mut self, cx: &mut task::Context<'_>) -> Poll<RpcError> {
        let mut read = self.read(cx);
        if !self.unsent.is_empty() {
            // It may have waited for the transport for long, and what is overdue need not be sent.
            self.turn.now = Some(Instant::now());
        }
        loop {
            self.turn.is_held_up = !self.unsent.is_empty();
            // What arrived before a failure is handed out before the failure counts.
            let handed_out = self.lane.turn(&mut self.turn, cx);
            if let Err(error) = mem::replace(&mut read, Ok(())).and(handed_out.map_err(RpcError::from)) {
                return Poll::Ready(error);
            }
            let sent = match self.poll_write(cx) {
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Ready(Ok(sent)) => sent,
                Poll::Pending => false,
            };
            if self.turn.passes_over {
                rest(cx);
            }
            // After a batch there may be another; after a deadline there are cancels to send.
            if (!sent || self.turn.passes_over) && self.poll_timer(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Takes what has arrived.
    fn read(&mut self, cx: &mut task::Context<'_>) -> Result<(), RpcError> {
        let mut load = None;
        let read = self.read_frames(cx, &mut load);
        self.hearing.tell(!self.turn.answers.is_empty(), load);
        read
    }

    /// Cuts what has arrived into answers.
    fn read_frames(&mut self, cx: &mut task::Context<'_>, load: &mut Option<u32>) -> Result<(), RpcError> {
        let mut frames = 0;
        while frames < FRAMES_AT_ONCE {
            match self.receive.poll_receive(cx).map_err(stream_error)? {
                Poll::Ready(Some(chunk)) => self.reader.push(chunk),
                // A server keeps its lanes open as long as the connection lives.
                Poll::Ready(None) => return Err(ProtocolError::Truncated.into()),
                Poll::Pending => return Ok(()),
            }
            while let Some(Frame { kind, payload }) = self.reader.next()? {
                frames += 1;
                match kind {
                    FrameKind::Response => {
                        let (head, message) = ResponseHead::read(payload)?;
                        self.turn.answers.push((head.call_id, answer_of(head, message)));
                    }
                    FrameKind::Load => *load = Some(read_load(&payload)?),
                    FrameKind::Void => {}
                    _ => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
                }
            }
        }
        // There may be more: let the callers have these first.
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Hands the batch to the transport. Ready with whether there was one.
    fn poll_write(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<bool, RpcError>> {
        let mut sent = false;
        loop {
            if self.unsent.is_empty() {
                if self.turn.batch.is_empty() {
                    return Poll::Ready(Ok(sent));
                }
                self.unsent = mem::take(&mut self.turn.batch).freeze();
            }
            ready!(self.send.poll_send(&mut self.unsent, cx)).map_err(stream_error)?;
            sent = true;
        }
    }

    /// Ready when some call may be due.
    fn poll_timer(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Some(due) = self.turn.next_due else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        // Re-armed only for an earlier time: the timer is touched once for many calls, not once for each.
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        ready!(timer.as_mut().poll(cx));
        self.timer = None;
        self.turn.now = Some(Instant::now());
        Poll::Ready(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Also if the runtime dropped the task: callers must not wait for a driver that is gone.
        self.lane.close(&dropped());
    }
}

/// Has the task of `cx` polled again when others have run, as a rule those that are ready now, and the runtime has looked for packets.
fn rest(cx: &mut task::Context<'_>) {
    // All that it does is at its first poll.
    let _ = pin!(yield_now()).poll(cx);
}

/// After so many, nearly all of them answers, those who wait for them come first.
const FRAMES_AT_ONCE: usize = 1024;
