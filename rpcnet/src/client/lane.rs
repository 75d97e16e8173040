//! A lane on the client: callers append requests, one task sends them and hands out the answers.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    gate::{Gate, Reservation},
    pending::{Answer, Left, Pending, Times},
};
use crate::{
    ErrorKind, Executed, RpcError,
    proto::{FrameBuffer, ProtocolError, RequestHead, put_cancel},
};

/// What the callers of a lane and its driver share.
#[derive(Debug)]
pub(crate) struct Lane {
    state: Mutex<State>,
    /// The connection's, which its lanes share.
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    /// Frames that are not with the transport yet.
    out: FrameBuffer,
    /// A rest of a batch waits there for others to leave with.
    passes_over: bool,
    driver: Option<Waker>,
    /// The driver has been told that there is something to send.
    driver_woken: bool,
    /// Why the lane is no more.
    closed: Option<RpcError>,
}

/// A call to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method_id: u64,
    pub(crate) times: Times,
    pub(crate) time_left_ms: u32,
    /// Encoded.
    pub(crate) metadata: &'a Bytes,
    pub(crate) message: &'a [u8],
}

impl Lane {
    pub(crate) fn new(gate: Arc<Gate>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), gate })
    }

    /// Appends a request to the next batch. Until the call is polled, its answer wakes `waker`.
    pub(crate) fn submit(
        &self,
        reservation: Reservation<'_>,
        request: &Request<'_>,
        waker: &Waker,
    ) -> Result<PendingCall<'_>, RpcError> {
        let mut state = self.state.lock();
        if let Some(error) = &state.closed {
            let error = error.clone().with_executed(Executed::No);
            drop(state);
            // Whoever closes the lane may be about to. The caller asks the gate what to do next.
            self.gate.shut();
            return Err(error);
        }
        // From here on the table holds the permit.
        reservation.keep();
        let state_ref = &mut *state;
        let head = RequestHead::new(state_ref.pending.next_id(), request.time_left_ms, request.method_id)
            .with_metadata(request.metadata.clone());
        let at = state_ref.out.position();
        head.put(state_ref.out.end(), request.message);
        let due_before = state_ref.pending.next_due();
        let id = state_ref.pending.insert(waker, request.times, at);
        let driver = if due_before.is_none_or(|due| request.times.due() < due) {
            // Its timer must go off earlier, also while it waits for the transport.
            state_ref.driver_woken = true;
            state_ref.driver.clone()
        } else if state_ref.passes_over && state_ref.out.is_much() {
            // It does not come before those have run that are ready, which may take long.
            state_ref.passes_over = false;
            state_ref.driver.clone()
        } else {
            state_ref.wake_driver()
        };
        drop(state);
        wake(driver);
        Ok(PendingCall { lane: self, id, answered: false })
    }

    /// Takes the answers that arrived, ends what is overdue, and leaves the next batch in `batch` if that is empty.
    ///
    /// # Errors
    ///
    /// An answer to a call that does not wait for one. All others have been handed out then.
    pub(super) fn turn(&self, turn: &mut Turn, cx: &task::Context<'_>) -> Result<(), ProtocolError> {
        let mut outcome = Ok(());
        let mut state = self.state.lock();
        let state_ref = &mut *state;
        for (id, answer) in turn.answers.drain(..) {
            match state_ref.pending.answer(id, answer) {
                Ok(waker) => turn.wakers.extend(waker),
                Err(error) => outcome = Err(error),
            }
        }
        if let Some(now) = turn.now.take() {
            state_ref.expire(now, &mut turn.wakers);
        }
        turn.passes_over = turn.rests > 0 && !turn.is_held_up && !state_ref.out.fills_a_batch();
        if turn.passes_over {
            turn.rests -= 1;
        } else if !turn.is_held_up && turn.batch.is_empty() && !state_ref.out.is_empty() {
            turn.batch = state_ref.out.take_batch();
            turn.rests = if state_ref.out.is_empty() { 0 } else { RESTS };
        }
        state_ref.passes_over = turn.passes_over;
        // As long as there is something to send, the driver comes again by itself.
        state_ref.driver_woken = turn.is_held_up || turn.passes_over || !turn.batch.is_empty();
        if !state_ref.driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
            state_ref.driver = Some(cx.waker().clone());
        }
        turn.next_due = state_ref.pending.next_due();
        let freed = state_ref.pending.take_freed();
        drop(state);
        self.release(freed);
        turn.wakers.drain(..).for_each(Waker::wake);
        outcome
    }

    /// As [`Pending::begin_stream`].
    pub(crate) fn begin_stream(&self, id: u32) -> Option<bool> {
        self.state.lock().pending.begin_stream(id)
    }

    /// As [`Pending::give_stream_up`].
    pub(crate) fn give_stream_up(&self, id: u32) {
        self.state.lock().pending.give_stream_up(id);
    }

    /// Gives the answer of one call, which came on a stream of its own.
    pub(crate) fn answer(&self, id: u32, answer: Answer) -> Result<(), ProtocolError> {
        let mut state = self.state.lock();
        let waker = state.pending.answer(id, answer)?;
        let freed = state.pending.take_freed();
        drop(state);
        self.release(freed);
        wake(waker);
        Ok(())
    }

    /// Ends every call: those that wait, and those to come, also on the connection's other lanes. Closing it again changes
    /// nothing.
    pub(crate) fn close(&self, error: &RpcError) {
        self.state.lock().closed.get_or_insert_with(|| error.clone());
        // Before any call ends by it: its caller asks the gate what to do next, and may look before it is woken. After the reason is
        // there, for those who wait for this.
        self.gate.shut();
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        let taken = state.out.taken();
        state.pending.fail_all(error, taken, &mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Why the lane is closed, if it is.
    pub(crate) fn closed(&self) -> Option<RpcError> {
        self.state.lock().closed.clone()
    }

    /// The caller of `id` left before it had its answer.
    fn leave(&self, id: u32) {
        let mut state = self.state.lock();
        let state_ref = &mut *state;
        let mut driver = None;
        match state_ref.pending.leave(id, state_ref.out.taken()) {
            Left::Nothing => {}
            Left::Withdraw(at) => state_ref.withdraw(at),
            Left::Cancel if state_ref.closed.is_some() => {}
            Left::Cancel => {
                put_cancel(state_ref.out.end(), id);
                driver = state_ref.wake_driver();
            }
        }
        let freed = state_ref.pending.take_freed();
        drop(state);
        self.release(freed);
        wake(driver);
    }

    fn poll_answer(&self, id: u32, waker: &Waker) -> Poll<Answer> {
        let mut state = self.state.lock();
        let answer = state.pending.poll(id, waker);
        let freed = state.pending.take_freed();
        drop(state);
        self.release(freed);
        answer
    }

    fn release(&self, ids: usize) {
        self.gate.release(ids);
    }
}

impl State {
    /// The driver's waker, if it does not know yet that there is something to send.
    fn wake_driver(&mut self) -> Option<Waker> {
        if mem::replace(&mut self.driver_woken, true) { None } else { self.driver.clone() }
    }

    /// Ends what is overdue: what was not sent never is, and the server is told of the rest.
    fn expire(&mut self, now: Instant, wakers: &mut Vec<Waker>) {
        let (taken, out) = (self.out.taken(), &mut self.out);
        self.pending.expire(now, taken, wakers, |id, left| match left {
            Left::Nothing => {}
            Left::Withdraw(at) => out.void(at),
            Left::Cancel => put_cancel(out.end(), id),
        });
        self.compact();
    }

    /// Withdraws the request that lies there.
    fn withdraw(&mut self, at: u64) {
        self.out.void(at);
        self.compact();
    }

    fn compact(&mut self) {
        let pending = &mut self.pending;
        self.out.compact(|id, at| pending.moved(id, at));
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The end of a lane whose tasks were dropped around it.
pub(super) fn dropped() -> RpcError {
    let message = "the connection's tasks are gone: the runtime that connected was shut down";
    RpcError::new(ErrorKind::Connection, Executed::Maybe, message)
}

/// What the driver brings to the lane, and takes away, each time that it runs.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// In: responses that arrived.
    pub(super) answers: Vec<(u32, Answer)>,
    /// In: the time, if some call may be due.
    pub(super) now: Option<Instant>,
    /// In: the transport has not taken the last batch yet. Until then the rest stays here, where it can be withdrawn.
    pub(super) is_held_up: bool,
    /// Out: frames to send.
    pub(super) batch: BytesMut,
    /// Out: there is a rest of a batch that waits for others to leave with. The driver is to come again when those have run that
    /// are ready.
    pub(super) passes_over: bool,
    /// How often it may still wait.
    rests: u8,
    /// Out: when to come again at the latest.
    pub(super) next_due: Option<Instant>,
    /// Scratch.
    wakers: Vec<Waker>,
}

/// Once for answers to come in, and once for their callers to make the next calls.
const RESTS: u8 = 2;

/// The future of a call's answer. Dropped before it, the call is cancelled; if it has not been sent yet, it is withdrawn.
#[derive(Debug)]
pub(crate) struct PendingCall<'a> {
    lane: &'a Lane,
    id: u32,
    answered: bool,
}

impl PendingCall<'_> {
    /// Whether calls have been under way on this lane at the same time: as long as none have, each has the lowest id.
    pub(super) fn is_beside_others(&self) -> bool {
        self.id > 0
    }
}

impl Future for PendingCall<'_> {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Answer> {
        let answer = self.lane.poll_answer(self.id, cx.waker());
        self.answered = answer.is_ready();
        answer
    }
}

impl Drop for PendingCall<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.lane.leave(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call<'a>(lane: &'a Lane, message: &[u8]) -> PendingCall<'a> {
        let times = Times { deadline: Instant::now() + Duration::from_secs(60), nudge: None };
        let request = Request { method_id: 1, times, time_left_ms: 60_000, metadata: &Bytes::new(), message };
        let reservation = lane.gate.try_enter().expect("it is open");
        lane.submit(reservation, &request, Waker::noop()).expect("it is open")
    }

    /// The bytes that leave, or `None` if the driver is to come again.
    fn next_batch(lane: &Lane, turn: &mut Turn) -> Option<usize> {
        lane.turn(turn, &task::Context::from_waker(Waker::noop())).expect("no answers");
        let sent = mem::take(&mut turn.batch).len();
        if turn.passes_over { None } else { Some(sent) }
    }

    #[test]
    fn what_is_little_more_than_a_batch_waits_for_a_moment_to_leave_with_others() {
        let lane = Lane::new(Arc::new(Gate::new(100)));
        let (mut turn, message) = (Turn::default(), vec![0; 1000]);
        let mut calls: Vec<_> = (0..64).map(|_| call(&lane, &message)).collect();
        let all = next_batch(&lane, &mut turn).expect("a batch") + lane.state.lock().out.len();
        let (frame, left) = (all / 64, lane.state.lock().out.len());
        assert!(left > 0 && left < 10 * frame);
        assert_eq!(next_batch(&lane, &mut turn), None);
        calls.push(call(&lane, &message));
        assert_eq!(next_batch(&lane, &mut turn), None, "one more is not enough");
        assert_eq!(next_batch(&lane, &mut turn), Some(left + frame), "nothing waits for long");
        calls.extend((0..8).map(|_| call(&lane, &message)));
        assert_eq!(next_batch(&lane, &mut turn), Some(8 * frame), "what is less leaves at once");
        drop(calls);
    }

    #[test]
    fn a_call_that_waits_so_was_not_sent() {
        let gate = Arc::new(Gate::new(100));
        let lane = Lane::new(Arc::clone(&gate));
        let (mut turn, message) = (Turn::default(), vec![0; 1000]);
        let mut calls: Vec<_> = (0..64).map(|_| call(&lane, &message)).collect();
        next_batch(&lane, &mut turn).expect("a batch");
        let left = lane.state.lock().out.len();
        drop(calls.pop().expect("a call"));
        assert_eq!(lane.state.lock().out.len(), left, "withdrawn, and no cancel is sent");
        lane.close(&dropped());
        let executed = |call: &mut PendingCall<'_>| match lane.poll_answer(call.id, Waker::noop()) {
            Poll::Ready(Err(error)) => error.executed(),
            other => panic!("{other:?}"),
        };
        assert_eq!(executed(&mut calls[62]), Executed::No);
        assert_eq!(executed(&mut calls[0]), Executed::Maybe);
        calls.into_iter().for_each(mem::forget);
    }

    /// Drops a call that is not sent, again and again, and returns how much waits at most.
    fn most_that_waits(lane: &Lane, lasting: &[PendingCall<'_>], calls: usize) -> usize {
        let mut most = 0;
        for _ in 0..calls {
            drop(call(lane, &[0; 60_000]));
            most = most.max(lane.state.lock().out.len());
        }
        assert!(lasting.iter().all(|call| lane.state.lock().pending.poll(call.id, Waker::noop()).is_pending()));
        most
    }

    #[test]
    fn calls_that_are_given_up_before_they_are_sent_hold_no_more_memory_than_those_that_wait() {
        let lane = Lane::new(Arc::new(Gate::new(100)));
        assert!(most_that_waits(&lane, &[], 1000) < 200_000);
        let waiting: Vec<_> = (0..10).map(|_| call(&lane, &[0; 60_000])).collect();
        assert!(most_that_waits(&lane, &waiting, 1000) < 2_000_000);
        drop(waiting);
        assert_eq!(lane.state.lock().out.taken(), 0, "and nothing of it was sent");
    }

    #[test]
    fn a_call_behind_those_that_were_given_up_can_be_given_up_as_well_and_knows_that_it_was_not_sent() {
        let lane = Lane::new(Arc::new(Gate::new(100)));
        let first = call(&lane, &[0; 10]);
        let given_up: Vec<_> = (0..3).map(|_| call(&lane, &[0; 30_000])).collect();
        let [kept, left] = [call(&lane, &[0; 100]), call(&lane, &[0; 100])];
        drop(given_up);
        assert!(lane.state.lock().out.len() < 1000, "taken out");
        drop(left);
        let mut turn = Turn::default();
        lane.turn(&mut turn, &task::Context::from_waker(Waker::noop())).expect("no answers");
        let kinds = [turn.batch[0], turn.batch[31], turn.batch[152]];
        assert_eq!(kinds, [0x90, 0x90, 0x13], "two requests, and one withdrawn");
        lane.close(&dropped());
        for mut call in [first, kept] {
            assert!(matches!(Pin::new(&mut call).poll(&mut task::Context::from_waker(Waker::noop())),
                Poll::Ready(Err(error)) if error.executed() == Executed::Maybe));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_whose_deadline_passes_while_the_transport_is_held_up_are_not_sent_and_say_so() {
        let lane = Lane::new(Arc::new(Gate::new(100)));
        let (mut turn, message) = (Turn { is_held_up: true, ..Turn::default() }, vec![0; 50_000]);
        let mut calls: Vec<_> = (0..10).map(|_| call(&lane, &message)).collect();
        assert_eq!(next_batch(&lane, &mut turn), Some(0), "they stay where they can be withdrawn");
        tokio::time::advance(Duration::from_secs(61)).await;
        let in_time = call(&lane, &message);
        (turn.is_held_up, turn.now) = (false, Some(Instant::now()));
        let sent = next_batch(&lane, &mut turn).expect("a batch");
        assert!((50_000..100_000).contains(&sent), "{sent}");
        for call in &mut calls {
            assert!(matches!(Pin::new(call).poll(&mut task::Context::from_waker(Waker::noop())),
                Poll::Ready(Err(error)) if error.executed() == Executed::No));
        }
        drop(calls);
        assert!(lane.state.lock().pending.next_id() < 10 && in_time.id == 10, "their ids are free at once");
    }

    /// Looks at what a call has become, and at the gate, when it is woken.
    struct Looks {
        gate: Arc<Gate>,
        look: Box<dyn Fn() -> bool + Send + Sync>,
        seen: Mutex<Vec<(bool, bool)>>,
    }

    impl task::Wake for Looks {
        fn wake(self: Arc<Self>) {
            self.seen.lock().push(((self.look)(), self.gate.is_shut()));
        }
    }

    #[tokio::test]
    async fn nobody_finds_a_call_ended_by_its_lane_before_the_gate_is_shut() {
        let gate = Arc::new(Gate::new(1));
        let lane = Lane::new(Arc::clone(&gate));
        let call = call(&lane, &[]);
        let (watched, id) = (Arc::clone(&lane), call.id);
        let look = Box::new(move || matches!(watched.state.lock().pending.slot_answer(id), Some(Err(_))));
        let looks = Arc::new(Looks { gate: Arc::clone(&gate), look, seen: Mutex::default() });
        let waker = Waker::from(Arc::clone(&looks));
        let mut waits = Box::pin(gate.enter());
        assert!(waits.as_mut().poll(&mut task::Context::from_waker(&waker)).is_pending());
        lane.close(&dropped());
        let seen = looks.seen.lock().clone();
        assert!(!seen.is_empty() && seen.iter().all(|(ended, is_shut)| !ended || *is_shut), "{seen:?}");
        assert!(lane.state.lock().pending.slot_answer(id).is_some());
    }

    #[test]
    fn who_is_told_that_a_lane_is_closed_finds_the_gate_shut() {
        let lane = Lane::new(Arc::new(Gate::new(1)));
        let reservation = lane.gate.try_enter().expect("it is open");
        // Half way through `close`.
        lane.state.lock().closed = Some(dropped());
        let times = Times { deadline: Instant::now() + Duration::from_secs(60), nudge: None };
        let request = Request { method_id: 1, times, time_left_ms: 60_000, metadata: &Bytes::new(), message: &[] };
        let error = lane.submit(reservation, &request, Waker::noop()).expect_err("closed");
        assert!(error.executed() == Executed::No && lane.gate.is_shut());
    }

    #[test]
    fn calls_enough_for_the_next_batch_do_not_wait() {
        let lane = Lane::new(Arc::new(Gate::new(200)));
        let (mut turn, message) = (Turn::default(), vec![0; 1000]);
        let _calls: Vec<_> = (0..64).map(|_| call(&lane, &message)).collect();
        let first = next_batch(&lane, &mut turn).expect("a batch");
        let _others: Vec<_> = (0..64).map(|_| call(&lane, &message)).collect();
        assert_eq!(next_batch(&lane, &mut turn), Some(first));
    }

    #[test]
    fn what_is_much_more_leaves_whole_and_so_do_large_calls() {
        for (calls, bytes) in [(20, 10_000), (1, 62_000), (2, 33_000)] {
            let lane = Lane::new(Arc::new(Gate::new(200)));
            let (mut turn, message) = (Turn::default(), vec![0; bytes]);
            let _calls: Vec<_> = (0..calls).map(|_| call(&lane, &message)).collect();
            assert!(next_batch(&lane, &mut turn).expect("a batch") > calls * bytes);
            assert!(lane.state.lock().out.is_empty());
        }
    }
}
