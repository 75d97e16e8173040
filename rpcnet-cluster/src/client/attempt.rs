//! The attempts of a call: those that it has behind it, and the one that is under way.

use std::time::Duration;

use rpcnet::{
    __channel::{Answer, OutgoingStream},
    ErrorKind, RpcError,
};
use tokio::time::Instant;

use super::{
    channel::ClusterChannel,
    group::{Group, Outlook, Picked},
    observer::{AttemptEvent, AttemptResult},
    past::Past,
    shared::Shared,
    verdict::{Verdict, judge},
};
use crate::{
    balance::{BorrowedCall, Grant, Hedging, Outcome, PickRequest, Tried, Worker},
    membership::Time,
};

/// The attempts of one call.
pub(super) struct Tries<'a> {
    shared: &'a Shared,
    group: &'a Group,
    method: &'a str,
    /// The call can be made elsewhere if it is lost.
    may_repeat: bool,
    past: Past,
    /// Read once for what happens together, and the same by the clock.
    now: Time,
    instant: Instant,
}

/// An attempt that is under way. Dropped, it counts as cancelled.
pub(super) struct Attempt<'a> {
    shared: &'a Shared,
    group: &'a Group,
    method: &'a str,
    worker: &'a Worker,
    timed: Option<BorrowedCall<'a>>,
    number: u32,
    hedge: bool,
}

impl<'a> Tries<'a> {
    /// The attempts of a call that was made at this time.
    ///
    /// # Errors
    ///
    /// The channel's text is no filter.
    pub(super) fn new(
        channel: &'a ClusterChannel,
        method: &'a str,
        may_repeat: bool,
        instant: Instant,
    ) -> Result<Self, RpcError> {
        let (shared, group) = (channel.shared(), &**channel.group()?);
        Ok(Self { shared, group, method, may_repeat, past: Past::default(), now: shared.time(instant), instant })
    }

    /// The workers that it may go to.
    pub(super) fn group(&self) -> &'a Group {
        self.group
    }

    /// When the call began, or was taken up again.
    pub(super) fn now(&self) -> Time {
        self.now
    }

    /// The same by the clock.
    pub(super) fn instant(&self) -> Instant {
        self.instant
    }

    /// What came of the attempts so far.
    pub(super) fn past(&self) -> &Past {
        &self.past
    }

    /// Takes up again where an earlier attempt to begin a stream ended.
    pub(super) fn recall(&mut self, call: &OutgoingStream) {
        if let Some(failure) = call.failure() {
            self.past.recall(Tried::of_keys(call.tried()), failure);
        }
    }

    /// What a worker is wanted for.
    pub(super) fn request(&self) -> PickRequest<'_> {
        let request = PickRequest::new(self.now).with_tried(self.past.tried());
        // Whether a worker works again is found out with calls that can be made elsewhere if it does not, or with any when
        // there were none for a second.
        if self.may_repeat { request } else { request.without_probe() }
    }

    /// Whether the call is made at all.
    ///
    /// # Errors
    ///
    /// The workers refuse so much that this client leaves them alone for a while.
    pub(super) fn admit(&self) -> Result<(), RpcError> {
        self.group.resilience.admit(self.now)
    }

    /// Begins an attempt at a worker.
    pub(super) fn begin<'p>(&mut self, picked: &'p Picked, hedge: bool) -> Attempt<'p>
    where
        'a: 'p,
    {
        let worker = &picked.worker;
        let number = self.past.begin(worker);
        let timed = Some(worker.begin_borrowed_call(self.now));
        Attempt { shared: self.shared, group: self.group, method: self.method, worker, timed, number, hedge }
    }

    /// The attempt that was begun last was never made.
    pub(super) fn withdraw(&mut self, attempt: Attempt<'_>) {
        attempt.withdraw();
        self.past.withdraw();
    }

    /// The call goes elsewhere, for this reason. Says whether that has happened often.
    pub(super) fn pass_over(&mut self, picked: &Picked, reason: RpcError) -> bool {
        self.has_waited();
        self.past.pass_over(&picked.worker, reason)
    }

    /// Some time has passed.
    pub(super) fn has_waited(&mut self) {
        self.instant = Instant::now();
        self.now = self.shared.time(self.instant);
    }

    /// An attempt never ran, and cost nobody anything worth counting.
    pub(super) fn note_move(&mut self, picked: &Picked, reason: RpcError) {
        self.before_move(picked, &reason);
        self.past.note_move(&picked.worker, reason, picked.connection.is_open());
    }

    /// The same of one that was withdrawn.
    pub(super) fn move_on(&mut self, picked: &Picked, reason: RpcError) {
        self.before_move(picked, &reason);
        self.past.move_on(&picked.worker, reason, picked.connection.is_open());
    }

    fn before_move(&mut self, picked: &Picked, reason: &RpcError) {
        if reason.kind() == ErrorKind::Draining {
            // Its go-away may still be on its way.
            picked.connection.leave();
        }
        self.has_waited();
    }

    /// A worker was sent the call in vain.
    pub(super) fn note_failure(&mut self, picked: &Picked, reason: RpcError) {
        self.has_waited();
        self.past.note_failure(&picked.worker, reason);
    }

    /// An attempt is given up while its worker may be at it.
    pub(super) fn note_abandoned(&mut self) {
        self.past.note_abandoned();
    }

    /// Those that were only passed over may have room again, or be back.
    pub(super) fn look_again(&mut self) {
        self.past.look_again();
        self.has_waited();
    }

    /// The same while this worker is at the call.
    pub(super) fn look_again_beside(&mut self, picked: &Picked) {
        self.past.look_again_beside(&picked.worker);
    }

    /// Whether another attempt may be made, after one that was sent: the last question costs something, and comes last.
    pub(super) fn may_retry(&self) -> bool {
        let has_attempts = self.past.counted() < self.shared.settings.attempts_max;
        let hopes = || self.group.picture().outlook(self.past.failed()) != Outlook::Hopeless;
        has_attempts && hopes() && self.group.resilience.try_retry(self.now)
    }

    /// The right to a second attempt while the first one is under way, if there is one.
    pub(super) fn may_hedge(&mut self, hedging: &Hedging, began: Instant, within: Duration) -> Option<Grant> {
        self.has_waited();
        if self.past.counted() >= self.shared.settings.attempts_max {
            return None;
        }
        hedging.grant(self.now, self.instant.saturating_duration_since(began), within)
    }

    /// The call's failure, if any worker has refused it or was lost with it.
    pub(super) fn give_up(&mut self) -> Option<RpcError> {
        self.past.give_up()
    }

    /// A failure at this worker, as the caller sees it.
    pub(super) fn named(&self, error: RpcError, picked: &Picked) -> RpcError {
        self.past.named(error, &picked.worker)
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
    fn withdraw(mut self) {
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
        self.group.resilience.on_attempt(now, outcome, is_draining);
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
