//! Where calls that run on tasks of their own leave their answers for the lane.

use std::task;

use bytes::BytesMut;
use futures::task::AtomicWaker;
use parking_lot::Mutex;

use super::shared::CallPermit;
use crate::service::Reply;

/// Answers on their way to a lane. Bounded by the calls that may be in flight: a call is, until its answer is with the
/// transport.
#[derive(Default)]
pub(crate) struct Outbox {
    finished: Mutex<Finished>,
    lane: AtomicWaker,
}

/// What the lane takes in one go.
#[derive(Default)]
pub(crate) struct Finished {
    /// Response frames, ready to send.
    pub(crate) frames: BytesMut,
    /// The calls that ended: their ids are free once the frames are on their way.
    pub(crate) call_ids: Vec<u32>,
    /// Their shares of the limits.
    pub(crate) permits: Vec<CallPermit>,
}

impl Outbox {
    /// Leaves the answer of a call. Returns how many answers wait here for the lane, which is not woken yet.
    pub(crate) fn answer(&self, call_id: u32, reply: &Reply, permit: Option<CallPermit>) -> usize {
        let mut finished = self.finished.lock();
        reply.head(call_id).put(&mut finished.frames, reply.message.as_slice());
        finished.permits.extend(permit);
        finished.call_ids.push(call_id);
        finished.call_ids.len()
    }

    /// Frees the id of a call whose answer goes another way.
    pub(crate) fn free(&self, call_id: u32) {
        self.finished.lock().call_ids.push(call_id);
        self.wake();
    }

    /// Tells the lane to come and take what is here.
    pub(crate) fn wake(&self) {
        self.lane.wake();
    }

    /// The lane's task is woken by [`Outbox::wake`] from now on.
    pub(crate) fn register(&self, cx: &task::Context<'_>) {
        self.lane.register(cx.waker());
    }

    /// Swaps what is finished with the lane's empty buffers.
    pub(crate) fn swap(&self, buffers: &mut Finished) {
        std::mem::swap(&mut *self.finished.lock(), buffers);
    }
}
