//! The attempts that a call has behind it, and the one that is under way.

use std::time::Duration;

use rpcnet::{__channel::Answer, ErrorKind, Executed, RpcError};
use tokio::time::Instant;

use super::{
    channel::ClusterChannel,
    group::Picked,
    observer::{AttemptEvent, AttemptResult},
    shared::Shared,
    verdict::{Verdict, judge},
};
use crate::{
    balance::{BorrowedCall, Hedging, Outcome, PickRequest, Tried, Worker},
    membership::Time,
};

/// The attempts of one call.
pub(super) struct Tries<'a> {
    shared: &'a Shared,
    method: &'a str,
    idempotent: bool,
    /// Workers not to ask.
    tried: Tried,
    /// Attempts that were begun, and those of them that cost somebody something.
    begun: u32,
    counted: u32,
    /// Read once for what happens together, and the same by the clock.
    now: Time,
    instant: Instant,
    /// Boxed, since few calls have any.
    trouble: Option<Box<Trouble>>,
}

/// What befell a call that did not get its answer from the first worker.
#[derive(Default)]
struct Trouble {
    passed_over: u32,
    /// The workers that were sent the call in vain; of the others that were tried one never knows.
    failed: Tried,
    /// Requests that may have reached a handler, and got no answer.
    lost: bool,
    /// Why the last worker did not take the call, and who that was.
    failure: Option<RpcError>,
}

/// An attempt that is under way. Dropped, it counts as cancelled.
pub(super) struct Attempt<'a> {
    shared: &'a Shared,
    method: &'a str,
    worker: &'a Worker,
    timed: Option<BorrowedCall<'a>>,
    number: u32,
    hedge: bool,
}

impl<'a> Tries<'a> {
    /// The attempts of a call that was made at this time.
    pub(super) fn new(channel: &'a ClusterChannel, method: &'a str, idempotent: bool, instant: Instant) -> Self {
        let shared = channel.shared();
        let (tried, begun, counted, now) = (Tried::default(), 0, 0, shared.time(instant));
        Self { shared, method, idempotent, tried, begun, counted, now, instant, trouble: None }
    }

    /// When the call began, or was taken up again.
    pub(super) fn now(&self) -> Time {
        self.now
    }

    /// The same by the clock.
    pub(super) fn instant(&self) -> Instant {
        self.instant
    }

    /// Takes up again where an earlier attempt to begin a stream ended.
    pub(super) fn recall(&mut self, keys: &[u64], workers: &[Worker]) {
        let tried = workers.iter().filter(|worker| keys.contains(&worker.key()));
        tried.for_each(|worker| self.tried.insert(worker));
    }

    /// What a worker is wanted for.
    pub(super) fn request(&self) -> PickRequest<'_> {
        let request = PickRequest::new(self.now).with_tried(&self.tried);
        // Whether a worker works again is found out with calls that can be made elsewhere if it does not.
        if self.idempotent { request } else { request.without_probe() }
    }

    /// The workers that the call was at.
    pub(super) fn tried(&self) -> &Tried {
        &self.tried
    }

    /// Whether the call is made at all.
    ///
    /// # Errors
    ///
    /// The workers refuse so much that this client leaves them alone for a while.
    pub(super) fn admit(&self) -> Result<(), RpcError> {
        self.shared.resilience.admit(self.now)
    }

    /// Begins an attempt at a worker.
    pub(super) fn begin<'p>(&mut self, picked: &'p Picked, hedge: bool) -> Attempt<'p>
    where
        'a: 'p,
    {
        self.begun += 1;
        self.counted += 1;
        self.tried.insert(&picked.worker);
        let worker = &picked.worker;
        let timed = Some(worker.begin_borrowed_call(self.now));
        Attempt { shared: self.shared, method: self.method, worker, timed, number: self.begun, hedge }
    }

    /// The call goes elsewhere, for this reason. Says whether that has happened often.
    pub(super) fn pass_over(&mut self, picked: &Picked, reason: RpcError) -> bool {
        if !self.tried.contains(&picked.worker) {
            self.tried.insert(&picked.worker);
        }
        let failure = if reason.peer().is_some() { reason } else { self.named(reason, picked) };
        self.has_waited();
        let trouble = self.trouble();
        trouble.failure = Some(failure);
        trouble.passed_over += 1;
        trouble.passed_over.is_multiple_of(Tried::MAX as u32)
    }

    /// Some time has passed.
    pub(super) fn has_waited(&mut self) {
        self.instant = Instant::now();
        self.now = self.shared.time(self.instant);
    }

    fn trouble(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }

    /// The last attempt never ran, and cost nobody anything worth counting.
    pub(super) fn note_move(&mut self, picked: &Picked, reason: RpcError) {
        self.counted = self.counted.saturating_sub(1);
        self.pass_over(picked, reason);
    }

    /// A worker was sent the call in vain.
    pub(super) fn note_failure(&mut self, picked: &Picked, reason: RpcError) {
        let trouble = self.trouble();
        trouble.lost |= reason.executed() != Executed::No;
        trouble.failed.insert(&picked.worker);
        self.pass_over(picked, reason);
    }

    /// Whether some worker was sent the call in vain.
    pub(super) fn has_lost(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| !trouble.failed.is_empty())
    }

    /// The workers have changed: those that were only passed over may be back.
    pub(super) fn look_again(&mut self) {
        self.tried = self.trouble.as_ref().map_or_else(Tried::default, |trouble| trouble.failed);
        self.has_waited();
    }

    /// Whether another attempt may be made, after one that was sent.
    pub(super) fn may_retry(&self) -> bool {
        self.counted < self.shared.settings.attempts_max && self.shared.resilience.try_retry(self.now)
    }

    /// Whether a second attempt may be made while the first one is under way.
    pub(super) fn may_hedge(&mut self, hedging: &Hedging, began: Instant, within: Duration) -> bool {
        self.has_waited();
        let waited = self.instant.saturating_duration_since(began);
        self.counted < self.shared.settings.attempts_max && hedging.try_hedge(self.now, waited, within)
    }

    /// The call's failure, if any worker has refused it or was lost with it.
    pub(super) fn give_up(&mut self) -> Option<RpcError> {
        let failure = self.trouble.as_mut()?.failure.take()?;
        Some(self.with_executed(failure))
    }

    /// A failure at this worker, as the caller sees it.
    pub(super) fn named(&self, error: RpcError, picked: &Picked) -> RpcError {
        self.with_executed(error).at_peer(Some(picked.worker.id().text()))
    }

    /// That the last attempt never ran says nothing about those before.
    pub(super) fn with_executed(&self, error: RpcError) -> RpcError {
        let lost = self.trouble.as_ref().is_some_and(|trouble| trouble.lost);
        if lost && error.executed() == Executed::No { error.with_executed(Executed::Maybe) } else { error }
    }
}

impl Attempt<'_> {
    /// Ends it with what came of it, and says what becomes of the call.
    pub(super) fn finish(mut self, result: Result<Answer, RpcError>, idempotent: bool) -> Verdict {
        let result = result.map_err(|error| error.at_peer(Some(self.worker.id().text())));
        if let Err(error) = &result {
            tracing::debug!(worker = %self.worker.id(), method = self.method, attempt = self.number, %error, "an attempt failed");
        }
        let (outcome, verdict) = judge(result, idempotent);
        if let Some(timed) = self.timed.take() {
            let result = match &verdict {
                Verdict::Over(Ok(_)) => AttemptResult::Answered,
                Verdict::Over(Err(error)) | Verdict::Move(error) | Verdict::Retry(error) => {
                    AttemptResult::Failed(error)
                }
            };
            self.end(timed, outcome, result);
        }
        verdict
    }

    /// It was never made.
    pub(super) fn withdraw(mut self) {
        self.timed = None;
    }

    fn end(&self, timed: BorrowedCall<'_>, outcome: Outcome, result: AttemptResult<'_>) {
        let began = timed.began();
        let now = match result {
            // The connection has read the clock, once for all answers that came together.
            AttemptResult::Answered => timed.answered_at(),
            _ => self.shared.now(),
        };
        timed.end(now, outcome);
        let is_draining = matches!(result, AttemptResult::Failed(error) if error.kind() == ErrorKind::Draining);
        self.shared.resilience.on_attempt(now, outcome, is_draining);
        self.tell(now, began, result);
    }

    fn tell(&self, now: Time, began: Time, result: AttemptResult<'_>) {
        if let Some(observer) = self.shared.observer() {
            observer.on_attempt(&AttemptEvent {
                method: self.method,
                worker: self.worker.id(),
                number: self.number,
                hedge: self.hedge,
                elapsed: now.since(began),
                result,
            });
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(timed) = self.timed.take() {
            self.end(timed, Outcome::Cancelled, AttemptResult::Cancelled);
        }
    }
}
