//! A lane on the client: callers append requests, one task sends them and hands out the answers.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, Waker},
};

use bytes::BytesMut;
use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use super::pending::{Answer, Left, Pending, Unsent};
use crate::{
    RpcError,
    proto::{ProtocolError, RequestHead, put_cancel, void_frame},
};

/// What the callers of a lane and its driver share.
#[derive(Debug)]
pub(crate) struct Lane {
    state: Mutex<State>,
    /// Tells one of those who wait for an id that there is one.
    freed: Notify,
}

#[derive(Debug)]
struct State {
    pending: Pending,
    /// Frames of the next batch.
    out: BytesMut,
    /// Counts batches, so that a call knows whether its frame is still in `out`.
    batch: u64,
    driver: Option<Waker>,
    /// The driver has been told that there is something to send.
    driver_woken: bool,
    /// Callers that wait for an id.
    waiting: usize,
    /// Why the lane is no more.
    closed: Option<RpcError>,
}

/// A call to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method_id: u64,
    pub(crate) deadline: Option<Instant>,
    pub(crate) time_left_ms: u32,
    pub(crate) message: &'a [u8],
}

impl Lane {
    pub(crate) fn new(calls_max: u32) -> Arc<Self> {
        let state = State {
            pending: Pending::new(calls_max),
            out: BytesMut::new(),
            batch: 0,
            driver: None,
            driver_woken: false,
            waiting: 0,
            closed: None,
        };
        Arc::new(Self { state: Mutex::new(state), freed: Notify::new() })
    }

    /// Waits until there is an id for another call. Whoever comes first may take it, so it is asked again.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: another caller is told in this one's place.
    pub(crate) async fn has_room(&self) {
        struct Waiting<'a>(&'a Lane);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.state.lock().waiting -= 1;
            }
        }
        {
            let mut state = self.state.lock();
            if !state.pending.is_full() || state.closed.is_some() {
                return;
            }
            state.waiting += 1;
        }
        let _waiting = Waiting(self);
        self.freed.notified().await;
    }

    /// Appends a request to the next batch; `None` if there is no id for it.
    pub(crate) fn submit(
        self: &Arc<Self>,
        request: &Request<'_>,
        waker: &Waker,
    ) -> Result<Option<PendingCall>, RpcError> {
        let mut state = self.state.lock();
        if let Some(error) = &state.closed {
            return Err(error.clone().with_executed(crate::Executed::No));
        }
        if state.pending.is_full() {
            return Ok(None);
        }
        let state_ref = &mut *state;
        let head = RequestHead::new(state_ref.pending.next_id(), request.time_left_ms, request.method_id);
        let offset = head.put(&mut state_ref.out, request.message);
        let unsent = Unsent { batch: state_ref.batch, offset };
        let id = state_ref.pending.insert(waker, request.deadline, unsent);
        let driver = state_ref.wake_driver();
        drop(state);
        wake(driver);
        Ok(Some(PendingCall { lane: Arc::clone(self), id, answered: false }))
    }

    /// Takes the answers that arrived, ends what is overdue, and leaves the next batch in `batch` if that is empty.
    pub(super) fn turn(&self, turn: &mut Turn, cx: &task::Context<'_>) -> Result<(), ProtocolError> {
        let mut freed = 0;
        let mut state = self.state.lock();
        let state_ref = &mut *state;
        for (id, answer) in turn.answers.drain(..) {
            turn.wakers.extend(state_ref.pending.answer(id, answer)?);
        }
        if let Some(now) = turn.now.take() {
            let out = &mut state_ref.out;
            state_ref.pending.expire(now, &mut turn.wakers, |id| put_cancel(out, id));
        }
        if turn.batch.is_empty() && !state_ref.out.is_empty() {
            turn.batch = state_ref.out.split();
            state_ref.batch += 1;
        }
        // As long as there is something to send, the driver comes again by itself.
        state_ref.driver_woken = !turn.batch.is_empty();
        if !state_ref.driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
            state_ref.driver = Some(cx.waker().clone());
        }
        turn.next_deadline = state_ref.pending.next_deadline();
        if state_ref.waiting > 0 && !state_ref.pending.is_full() {
            freed = state_ref.waiting;
        }
        drop(state);
        for waker in turn.wakers.drain(..) {
            waker.wake();
        }
        for _ in 0..freed {
            self.freed.notify_one();
        }
        Ok(())
    }

    /// Gives the answer of one call, which came on a stream of its own.
    pub(crate) fn answer(&self, id: u32, answer: Answer) -> Result<(), ProtocolError> {
        let waker = self.state.lock().pending.answer(id, answer)?;
        wake(waker);
        Ok(())
    }

    /// Ends every call: those that wait, and those to come.
    pub(crate) fn close(&self, error: &RpcError) {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        let batch = state.batch;
        state.closed.get_or_insert_with(|| error.clone());
        state.pending.fail_all(error, batch, &mut wakers);
        let waiting = state.waiting;
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        for _ in 0..waiting {
            self.freed.notify_one();
        }
    }

    /// Why the lane is closed, if it is.
    pub(crate) fn closed(&self) -> Option<RpcError> {
        self.state.lock().closed.clone()
    }

    /// The caller of `id` left before it had its answer.
    fn leave(&self, id: u32) {
        let mut state = self.state.lock();
        let state_ref = &mut *state;
        match state_ref.pending.leave(id, state_ref.batch) {
            Left::Nothing => {}
            Left::Withdraw(offset) => void_frame(&mut state_ref.out, offset),
            Left::Cancel if state_ref.closed.is_some() => {}
            Left::Cancel => {
                put_cancel(&mut state_ref.out, id);
                let driver = state_ref.wake_driver();
                drop(state);
                wake(driver);
                return;
            }
        }
        let starving = state.waiting > 0 && !state.pending.is_full();
        drop(state);
        if starving {
            self.freed.notify_one();
        }
    }

    fn poll_answer(&self, id: u32, waker: &Waker) -> Poll<Answer> {
        let mut state = self.state.lock();
        let answer = state.pending.poll(id, waker);
        let starving = answer.is_ready() && state.waiting > 0 && !state.pending.is_full();
        drop(state);
        if starving {
            self.freed.notify_one();
        }
        answer
    }
}

impl State {
    /// The driver's waker, if it does not know yet that there is something to send.
    fn wake_driver(&mut self) -> Option<Waker> {
        if std::mem::replace(&mut self.driver_woken, true) { None } else { self.driver.clone() }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// What the driver brings to the lane, and takes away, each time that it runs.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// In: responses that arrived.
    pub(super) answers: Vec<(u32, Answer)>,
    /// In: the time, if a deadline may have passed.
    pub(super) now: Option<Instant>,
    /// Out: frames to send.
    pub(super) batch: BytesMut,
    /// Out: when to come again at the latest.
    pub(super) next_deadline: Option<Instant>,
    /// Scratch.
    wakers: Vec<Waker>,
}

/// The future of a call's answer. Dropped before it, the call is cancelled; if it has not been sent yet, it never is.
#[derive(Debug)]
pub(crate) struct PendingCall {
    lane: Arc<Lane>,
    id: u32,
    answered: bool,
}

impl Future for PendingCall {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Answer> {
        let answer = self.lane.poll_answer(self.id, cx.waker());
        self.answered = answer.is_ready();
        answer
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        if !self.answered {
            self.lane.leave(self.id);
        }
    }
}
