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
    observer::{AttemptEvent, AttemptResult},
    shared::{Handle, Shared},
    verdict::outcome_of,
};
use crate::balance::{CallGuard, Outcome, TimedCall, Worker};

impl ClusterChannel {
    /// Begins the call at a worker that it was not at yet.
    pub(super) async fn stream_somewhere(
        &self,
        call: &mut OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        let mut tries = Tries::new(self, call.method(), false, Instant::now());
        tries.admit()?;
        tries.recall(call.tried(), self.group()?.picture().workers());
        loop {
            let Some(picked) = self.pick(&tries) else {
                self.wait_for_worker(&mut tries, call.begins_by()).await?;
                continue;
            };
            let watch = Watch::new(self.handle(), &picked.worker, call);
            match picked.connection.open_streaming(call, first).await {
                Ok((sink, receiver)) => {
                    call.note_try(picked.worker.key());
                    return Ok((sink, receiver.watched(Box::new(watch))));
                }
                Err(error) if error.executed() == Executed::No && !picked.connection.is_open() => {
                    if tries.pass_over(&picked, error) {
                        yield_now().await;
                    }
                }
                Err(error) => return Err(tries.named(error, &picked)),
            }
        }
    }

    /// Whether a call that a worker refused may be begun at another one.
    pub(super) fn may_begin_again(&self, call: &OutgoingStream, refusal: &RpcError) -> bool {
        let shared = self.shared();
        let attempts_left = (call.tried().len() as u32) < shared.settings.attempts_max;
        match (refusal.executed(), refusal.kind()) {
            // Moving on from a worker that goes away costs nobody anything.
            (Executed::No, ErrorKind::Draining) => true,
            (Executed::No, ErrorKind::Overloaded | ErrorKind::Connection | ErrorKind::Stream) => {
                attempts_left && shared.resilience.try_retry(shared.now())
            }
            _ => false,
        }
    }
}

/// Counts a streaming call at its worker, and learns from how it begins and ends.
struct Watch {
    handle: Arc<Handle>,
    worker: Worker,
    name: Arc<str>,
    /// Until the handler begins to answer.
    beginning: Option<TimedCall>,
    /// From then on.
    lasting: Option<CallGuard>,
    method: &'static str,
    number: u32,
}

impl Watch {
    fn new(handle: &Arc<Handle>, worker: &Worker, call: &OutgoingStream) -> Self {
        let beginning = Some(worker.begin_timed_call(handle.shared.now()));
        let (handle, name, worker) = (Arc::clone(handle), worker.id().text(), worker.clone());
        let number = call.tried().len() as u32 + 1;
        Self { handle, worker, name, beginning, lasting: None, method: call.method(), number }
    }

    /// The call has begun, or failed to.
    fn end_beginning(&self, beginning: TimedCall, outcome: Outcome, result: AttemptResult<'_>) {
        let (now, began) = (self.shared().now(), beginning.began());
        beginning.end(now, outcome);
        if let Some(observer) = self.shared().observer() {
            let (worker, method, number) = (self.worker.id(), self.method, self.number);
            observer.on_attempt(&AttemptEvent {
                method,
                worker,
                number,
                hedge: false,
                elapsed: now.since(began),
                result,
            });
        }
    }

    fn shared(&self) -> &Shared {
        &self.handle.shared
    }
}

impl StreamWatch for Watch {
    fn on_started(&mut self) {
        if let Some(beginning) = self.beginning.take() {
            self.lasting = Some(self.worker.begin_call());
            self.end_beginning(beginning, Outcome::Success, AttemptResult::Answered);
        }
    }

    fn on_end(&mut self, failure: Option<&RpcError>) {
        let outcome = failure.map_or(Outcome::Success, |error| outcome_of(error.kind()));
        match self.beginning.take() {
            Some(beginning) => {
                let result = failure.map_or(AttemptResult::Answered, AttemptResult::Failed);
                self.end_beginning(beginning, outcome, result);
            }
            // It began well and broke off.
            None if outcome == Outcome::Failure => {
                self.worker.begin_timed_call(self.shared().now()).end(self.shared().now(), outcome);
            }
            None => {}
        }
        self.lasting = None;
    }

    fn peer(&self) -> &Arc<str> {
        &self.name
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(beginning) = self.beginning.take() {
            self.end_beginning(beginning, Outcome::Cancelled, AttemptResult::Cancelled);
        }
    }
}
