//! A call that streams: begun at some worker, and then tied to it.

use std::sync::Arc;

use rpcnet::{
    __channel::{OutgoingStream, RequestSink, ResponseReceiver, StreamWatch},
    ErrorKind, Executed, RpcError,
};
use tokio::{task::yield_now, time::Instant};

use super::{
    attempt::Tries,
    channel::ClusterChannel,
    group::{Group, Outlook},
    observer::{AttemptEvent, AttemptResult},
    shared::{Handle, Shared},
    verdict::{Beginning, judge_beginning, outcome_of},
};
use crate::{
    balance::{CallGuard, Outcome, TimedCall, Tried, Worker},
    membership::Time,
};

impl ClusterChannel {
    /// Begins the call at a worker that it was not at yet.
    pub(super) async fn stream_somewhere(
        &self,
        call: &mut OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        let (handle, group) = (self.handle(), self.group()?);
        let mut tries = Tries::new(self, call.method(), call.may_begin_again(), Instant::now())?;
        if call.tries() == 0 {
            tries.admit()?;
        }
        tries.recall(call);
        loop {
            let Some(picked) = self.pick(&tries) else {
                self.wait_for_worker(&mut tries, call.begins_by()).await?;
                continue;
            };
            let turn = match picked.connection.try_stream_turn() {
                Some(turn) => turn,
                None => {
                    let wait = picked.connection.stream_turn_by(call.begins_by());
                    let Some(turn) = self.room(&picked, &mut tries, wait).await? else { continue };
                    turn
                }
            };
            let watch = Watch::new(handle, group, &picked.worker, call);
            match picked.connection.open_streaming(turn, call, first).await {
                Ok((sink, receiver)) => {
                    call.note_try(picked.worker.key());
                    return Ok((sink, receiver.watched(Box::new(watch))));
                }
                Err(error) => {
                    watch.withdraw();
                    if error.executed() != Executed::No || picked.connection.is_open() {
                        return Err(tries.named(error, &picked));
                    }
                    if tries.pass_over(&picked, error) {
                        yield_now().await;
                    }
                }
            }
        }
    }

    /// Whether a call that a worker refused, or was lost with before anything of its answer had come, may be begun at another
    /// one.
    pub(super) fn may_begin_again(&self, call: &OutgoingStream, failure: &RpcError) -> bool {
        let (shared, Ok(group)) = (self.shared(), self.group()) else { return false };
        match judge_beginning(failure, call.is_idempotent()) {
            Beginning::Over => false,
            Beginning::Moves => true,
            Beginning::MayRetry => {
                let attempts_left = (call.tried().len() as u32) < shared.settings.attempts_max;
                let tried = Tried::of_keys(call.tried());
                let hopes = group.picture().outlook(&tried) != Outlook::Hopeless;
                attempts_left && hopes && group.resilience.try_retry(shared.now())
            }
        }
    }
}

/// Counts a streaming call at its worker, and learns from how it begins and ends.
struct Watch {
    handle: Arc<Handle>,
    group: Arc<Group>,
    worker: Worker,
    name: Arc<str>,
    method: &'static str,
    number: u32,
    began: Time,
    /// Nothing of the answer has come yet.
    is_beginning: bool,
    /// As long as it has not begun to answer.
    timed: Option<TimedCall>,
    /// From then on, or from the first if nothing tells when that is.
    lasting: Option<CallGuard>,
    /// When it must have begun to answer; `None` for an upload that may take for ever.
    begins_by: Option<Instant>,
}

impl Watch {
    fn new(handle: &Arc<Handle>, group: &Arc<Group>, worker: &Worker, call: &OutgoingStream) -> Self {
        let (handle, group) = (Arc::clone(handle), Arc::clone(group));
        let began = handle.shared.now();
        let (timed, lasting) = count(worker, began, call.answers_once());
        let begins_by = if call.answers_once() { call.deadline() } else { Some(call.begins_by()) };
        let (worker, name) = (worker.clone(), worker.id().text());
        let (method, number) = (call.method(), call.tries() + 1);
        Self { handle, group, worker, name, method, number, began, is_beginning: true, timed, lasting, begins_by }
    }

    /// It was never begun.
    fn withdraw(mut self) {
        (self.is_beginning, self.timed) = (false, None);
    }

    /// The call has begun, or failed to.
    fn end_beginning(&mut self, outcome: Outcome, result: AttemptResult<'_>) {
        self.is_beginning = false;
        let now = self.shared().now();
        match self.timed.take() {
            Some(timed) => timed.end(now, outcome),
            None => self.worker.experience().on_untimed_outcome(self.began, now, outcome),
        }
        let is_draining = matches!(result, AttemptResult::Failed(error) if error.kind() == ErrorKind::Draining);
        self.group.resilience.on_attempt(now, outcome, is_draining);
        if let Some(observer) = self.shared().observer() {
            let (worker, method, number) = (self.worker.id(), self.method, self.number);
            let elapsed = now.since(self.began);
            observer.on_attempt(&AttemptEvent { method, worker, number, hedge: false, elapsed, result });
        }
    }

    fn shared(&self) -> &Shared {
        &self.handle.shared
    }
}

impl StreamWatch for Watch {
    fn on_started(&mut self) {
        if self.is_beginning {
            self.lasting.get_or_insert_with(|| self.worker.begin_call());
            self.end_beginning(Outcome::Success, AttemptResult::Answered);
        }
    }

    fn on_end(&mut self, failure: Option<&RpcError>) {
        let outcome = failure.map_or(Outcome::Success, |error| outcome_of(error.kind()));
        if self.is_beginning {
            self.end_beginning(outcome, failure.map_or(AttemptResult::Answered, AttemptResult::Failed));
        } else if outcome == Outcome::Failure {
            // It began well and broke off.
            let now = self.shared().now();
            self.worker.experience().on_untimed_outcome(self.began, now, outcome);
        }
        self.lasting = None;
    }

    fn peer(&self) -> &Arc<str> {
        &self.name
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_beginning {
            return;
        }
        if self.begins_by.is_some_and(|begins_by| Instant::now() >= begins_by) {
            let message = "the worker did not begin to answer in time";
            let late = RpcError::of_channel(ErrorKind::DeadlineExceeded, Executed::Maybe, message);
            self.end_beginning(Outcome::Failure, AttemptResult::Failed(&late));
        } else {
            self.end_beginning(Outcome::Cancelled, AttemptResult::Cancelled);
        }
    }
}

/// Counts a call that begins now: as one whose beginning is waited for, or as one that lasts.
fn count(worker: &Worker, now: Time, answers_once: bool) -> (Option<TimedCall>, Option<CallGuard>) {
    // An upload takes as long as its caller has something to send: no latency, and no silence of the worker's.
    if answers_once { (None, Some(worker.begin_call())) } else { (Some(worker.begin_timed_call(now)), None) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::balance::{Roster, WorkerInfo};

    #[test]
    fn an_upload_counts_and_succeeds_and_makes_its_worker_look_no_slower() {
        let (now, later) = (Time::ZERO, Time::ZERO + Duration::from_secs(60));
        let workers = Roster::new(1).update(now, [WorkerInfo::at(([127, 0, 0, 1], 1).into())]);
        let [worker] = &*workers else { unreachable!("one was given") };
        let experience = worker.experience();
        let cost = || experience.cost(later, &experience.pool.usual());
        let before = cost();
        let stream = count(worker, now, false);
        assert!(experience.stalled_us(later) > 0.0, "it owes a beginning");
        drop(stream);
        let (timed, lasting) = count(worker, now, true);
        assert!(timed.is_none());
        assert_eq!((worker.active_connections(), experience.stalled_us(later)), (1, 0.0));
        experience.on_untimed_outcome(now, later, Outcome::Success);
        drop(lasting);
        assert_eq!((worker.active_connections(), cost()), (0, before));
        // What fails in between does not count as failing in a row.
        for _ in 0..4 {
            experience.on_untimed_outcome(now, later, Outcome::Failure);
        }
        experience.on_untimed_outcome(now, later, Outcome::Success);
        experience.on_untimed_outcome(now, later, Outcome::Failure);
        assert!(experience.breaker.is_closed());
        (0..5).for_each(|_| experience.on_untimed_outcome(now, later, Outcome::Failure));
        assert!(!experience.breaker.is_closed());
    }
}
