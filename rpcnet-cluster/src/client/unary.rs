//! One call and its attempts.
//!
//! Nothing is boxed, locked or copied on the way of a call that gets its answer: the request is encoded from its arguments
//! straight into the connection's batch, and again for each further attempt.

use rpcnet::{
    __channel::{Answer, Encode, Outgoing},
    ErrorKind, RpcError,
};
use tokio::{
    task::yield_now,
    time::{Instant, timeout_at},
};

use super::{
    attempt::Tries,
    channel::ClusterChannel,
    group::{Outlook, Picked},
    hedge::{self, Patience},
    verdict::{Verdict, judge},
};

impl ClusterChannel {
    /// Makes the call: at one worker, and at another as long as that is safe and of use.
    pub(super) async fn call_somewhere(
        &self,
        method: &str,
        call: &Outgoing,
        mut request: impl Encode + Send,
    ) -> Result<Answer, RpcError> {
        let mut tries = Tries::new(self, method, call.is_idempotent(), call.made())?;
        tries.admit()?;
        let hedging = self.hedging(call, tries.now());
        loop {
            let Some(picked) = self.pick(&tries) else {
                self.wait_for_worker(&mut tries, call.deadline()).await?;
                continue;
            };
            let turn = match picked.connection.try_turn() {
                Some(turn) => turn,
                None => {
                    let wait = picked.connection.turn_by(call.deadline());
                    let Some(turn) = self.room(&picked, &mut tries, wait).await? else { continue };
                    turn
                }
            };
            let attempt = tries.begin(&picked, false);
            let now = tries.instant();
            let patient = hedging.as_deref().map(|hedging| (hedging, Patience::new(hedging, call, now)));
            let nudge = patient.map(|(_, patience)| patience.until);
            let sent = match picked.connection.send(turn, call, &mut request, now, nudge).await {
                Ok(sent) => sent,
                Err(error) => {
                    // Nothing has left this process.
                    tries.withdraw(attempt);
                    match judge(Err(error), call.is_idempotent()) {
                        (_, Verdict::Over(result)) => return result.map_err(|error| tries.past().with_executed(error)),
                        (_, Verdict::Move(error) | Verdict::Retry(error)) => tries.move_on(&picked, error),
                    }
                    continue;
                }
            };
            let (second, verdict) = match patient {
                None => (None, attempt.finish(sent.await, call.is_idempotent())),
                Some((hedging, patience)) => {
                    let began = tries.now();
                    let first = (&picked, attempt, sent);
                    let ended = hedge::call(self, &mut tries, call, &mut request, first, (hedging, patience)).await;
                    if matches!(ended, (_, Verdict::Over(Ok(_)))) {
                        let now = self.shared().now();
                        hedging.on_answer(now, now.since(began));
                    }
                    ended
                }
            };
            if let Some(result) = tries.go_on(second.as_ref().unwrap_or(&picked), verdict) {
                return result;
            }
        }
    }

    /// Waits for room at this worker, which has none now; `None` if the call goes elsewhere instead.
    pub(super) async fn room<T>(
        &self,
        picked: &Picked,
        tries: &mut Tries<'_>,
        wait: impl Future<Output = Result<T, RpcError>>,
    ) -> Result<Option<T>, RpcError> {
        if let Some(refusal) = picked.connection.refusal() {
            if tries.pass_over(picked, refusal) {
                // The picture is old, and whoever makes the next one must come to its turn.
                yield_now().await;
            }
            return Ok(None);
        }
        // It takes no more calls at once than are under way. Others may, unless so many are full that it forgets which.
        if self.has_other(picked, tries) && !tries.pass_over(picked, super::full(picked.worker.id())) {
            return Ok(None);
        }
        match wait.await {
            Ok(turn) => {
                tries.has_waited();
                Ok(Some(turn))
            }
            Err(error) if error.kind() == ErrorKind::DeadlineExceeded => Err(tries.named(error, picked)),
            Err(error) => {
                tries.pass_over(picked, error);
                Ok(None)
            }
        }
    }

    /// Waits until there may be a worker for a call that has found none.
    pub(super) async fn wait_for_worker(&self, tries: &mut Tries<'_>, deadline: Instant) -> Result<(), RpcError> {
        let group = tries.group();
        let mut changes = group.changes();
        loop {
            changes.mark_unchanged();
            tries.look_again();
            {
                let picture = group.picture();
                match picture.outlook(tries.past().tried()) {
                    Outlook::Open => return Ok(()),
                    Outlook::Hopeless if !self.waits_for_ready() || tries.past().has_lost() => {
                        return Err(tries.give_up().unwrap_or_else(|| picture.prospect.error(&group.filter)));
                    }
                    Outlook::Hopeless | Outlook::Changing => {}
                }
            }
            match timeout_at(deadline, changes.changed()).await {
                // Both as long as the client lives.
                Ok(Ok(()) | Err(_)) => {}
                Err(_) => return Err(tries.past().at_last(super::too_late())),
            }
        }
    }
}

impl Tries<'_> {
    /// What becomes of the call: its result, or `None` for another attempt.
    fn go_on(&mut self, picked: &Picked, verdict: Verdict) -> Option<Result<Answer, RpcError>> {
        match verdict {
            Verdict::Over(Ok(answer)) if answer.is_ok() || self.past().is_smooth() => Some(Ok(answer)),
            Verdict::Over(Ok(answer)) => Some(self.past().refused(answer, &picked.worker)),
            Verdict::Over(Err(error)) => Some(Err(self.past().with_executed(error))),
            Verdict::Move(error) => {
                self.note_move(picked, error);
                None
            }
            Verdict::Retry(error) => {
                self.note_failure(picked, error);
                if self.may_retry() { None } else { self.give_up().map(Err) }
            }
        }
    }
}
