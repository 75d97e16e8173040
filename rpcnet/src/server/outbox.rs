//! Where calls that run on tasks of their own leave their answers for the lane.

use std::task;

use bytes::BytesMut;
use futures::task::AtomicWaker;
use parking_lot::Mutex;

use crate::{proto::ResponseHead, service::Reply};

/// Answers on their way to a lane. Bounded by the calls that may be in flight.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    finished: Mutex<Finished>,
    lane: AtomicWaker,
}

/// What the lane takes in one go.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    /// Response frames, ready to send.
    pub(crate) frames: BytesMut,
    /// The calls that ended: their ids are free once the frames are on their way.
    pub(crate) call_ids: Vec<u32>,
}

impl Outbox {
    /// Leaves the answer of a call.
    pub(crate) fn answer(&self, call_id: u32, reply: &Reply) {
        let mut finished = self.finished.lock();
        ResponseHead::new(call_id, reply.status).put(&mut finished.frames, reply.message.as_slice());
        finished.call_ids.push(call_id);
        drop(finished);
        self.lane.wake();
    }

    /// Ends a call whose answer went another way.
    pub(crate) fn end(&self, call_id: u32) {
        self.finished.lock().call_ids.push(call_id);
        self.lane.wake();
    }

    /// Swaps what is finished with the lane's empty buffers. The lane's task is woken when there is more.
    pub(crate) fn swap(&self, buffers: &mut Finished, cx: &task::Context<'_>) {
        self.lane.register(cx.waker());
        std::mem::swap(&mut *self.finished.lock(), buffers);
    }
}
