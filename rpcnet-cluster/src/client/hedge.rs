//! A second attempt while the first one is slow: whichever answers first counts, and the other is cancelled (Dean and
//! Barroso, "The tail at scale", 2013).

use std::time::Duration;

use futures::future::{Either, select};
use rpcnet::{
    __channel::{Encode, Outgoing, SentCall},
    RpcError,
};
use tokio::time::{Instant, timeout_at};

use super::{
    attempt::{Attempt, Tries},
    channel::ClusterChannel,
    group::Picked,
    verdict::Verdict,
};
use crate::balance::Hedging;

/// How long the first attempt is waited for before a second one is thought of.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    began: Instant,
    /// What is left of the call's time: an earlier attempt, or the wait for a worker, may have taken some.
    within: Duration,
    pub(super) until: Instant,
}

impl Patience {
    /// For an attempt that begins now.
    pub(super) fn new(hedging: &Hedging, call: &Outgoing, now: Instant) -> Self {
        let within = call.deadline().saturating_duration_since(now);
        Self { began: now, within, until: now + hedging.next_look(Duration::ZERO, within) }
    }
}

/// Waits for the first attempt, and makes a second one when it takes too long. Of two that were made, one that is in vain is noted
/// here, and leaves the call to the other. Says what came of the last: at the second's worker, or else at the first's.
pub(super) async fn call<'a>(
    channel: &'a ClusterChannel,
    tries: &mut Tries<'a>,
    call: &Outgoing,
    request: &mut (impl Encode + Send),
    first: (&Picked, Attempt<'_>, SentCall<'_>),
    (hedging, patience): (&Hedging, Patience),
) -> (Option<Picked>, Verdict) {
    let (first, attempt, mut sent) = first;
    let idempotent = call.is_idempotent();
    let Patience { began, within, until } = patience;
    if let Some(answer) = sent.answered_by(until).await {
        return (None, attempt.finish(answer, idempotent));
    }
    loop {
        // Another worker, and none of those that the call was at.
        while let Some(second) = channel.pick(tries) {
            let Some(grant) = tries.may_hedge(hedging, began, within) else { break };
            let begun = match begin(tries, call, request, &second).await {
                Ok((other, other_sent)) => (&second, other, other_sent),
                Err(reason) => {
                    hedging.give_back(grant);
                    tries.pass_over(&second, reason);
                    if !tries.past().tried().contains(&first.worker) {
                        // There were so many that it was forgotten which.
                        break;
                    }
                    continue;
                }
            };
            let (is_first, verdict) = race(tries, (first, attempt, sent), begun, idempotent).await;
            return (if is_first { None } else { Some(second) }, verdict);
        }
        // Later there may be room for it, as long as the first has not answered.
        tries.look_again_beside(first);
        let next = began + hedging.next_look(began.elapsed(), within);
        if let Ok(answer) = timeout_at(next, &mut sent).await {
            return (None, attempt.finish(answer, idempotent));
        }
    }
}

/// Waits until one of two attempts ends the call, or both were in vain. Says whether it is the first whose end that is.
async fn race(
    tries: &mut Tries<'_>,
    (first, attempt, sent): (&Picked, Attempt<'_>, SentCall<'_>),
    (second, other, other_sent): (&Picked, Attempt<'_>, SentCall<'_>),
    idempotent: bool,
) -> (bool, Verdict) {
    match select(sent, other_sent).await {
        Either::Left((answer, other_sent)) => match is_over(tries, first, attempt.finish(answer, idempotent)) {
            Some(verdict) => (true, verdict),
            None => (false, other.finish(other_sent.await, idempotent)),
        },
        Either::Right((answer, sent)) => match is_over(tries, second, other.finish(answer, idempotent)) {
            Some(verdict) => (false, verdict),
            None => (true, attempt.finish(sent.await, idempotent)),
        },
    }
}

/// Makes the second attempt, if that can be done at once.
async fn begin<'a, 'p>(
    tries: &mut Tries<'a>,
    call: &'p Outgoing,
    request: &mut (impl Encode + Send),
    picked: &'p Picked,
) -> Result<(Attempt<'p>, SentCall<'p>), RpcError>
where
    'a: 'p,
{
    let connection = &picked.connection;
    let refusal = || connection.refusal().unwrap_or_else(|| super::full(picked.worker.id()));
    let turn = connection.try_turn().ok_or_else(refusal)?;
    let attempt = tries.begin(picked, true);
    match connection.send(turn, call, request, tries.instant(), None).await {
        Ok(sent) => Ok((attempt, sent)),
        Err(error) => {
            tries.withdraw(attempt);
            Err(error)
        }
    }
}

/// Whoever answers first wins, and the other is dropped, which cancels it. `None` if this one was in vain.
fn is_over(tries: &mut Tries<'_>, picked: &Picked, verdict: Verdict) -> Option<Verdict> {
    match verdict {
        Verdict::Over(Ok(answer)) if answer.is_ok() => Some(Verdict::Over(Ok(answer))),
        Verdict::Over(_) => {
            tries.note_abandoned();
            Some(verdict)
        }
        Verdict::Move(error) => {
            tries.note_move(picked, error);
            None
        }
        Verdict::Retry(error) => {
            tries.note_failure(picked, error);
            None
        }
    }
}
