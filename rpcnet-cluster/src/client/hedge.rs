//! A second attempt while the first one is slow: whichever answers first counts, and the other is cancelled (Dean and
//! Barroso, "The tail at scale", 2013).

use std::time::Duration;

use futures::future::{Either, select};
use rpcnet::__channel::{Encode, Outgoing, SentCall};
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

/// Waits for the first attempt, and makes a second one when it takes too long.
pub(super) async fn call<'a>(
    channel: &'a ClusterChannel,
    tries: &mut Tries<'a>,
    call: &Outgoing,
    request: &mut (impl Encode + Send),
    first: (Attempt<'_>, SentCall<'_>),
    (hedging, patience): (&Hedging, Patience),
) -> Verdict {
    let (attempt, mut sent) = first;
    let idempotent = call.is_idempotent();
    let Patience { began, within, until } = patience;
    if let Some(answer) = sent.answered_by(until).await {
        return attempt.finish(answer, idempotent);
    }
    let picked = loop {
        // Another worker, and none of those that the call was at.
        match channel.pick(tries) {
            Some(picked) if tries.may_hedge(hedging, began, within) => break picked,
            // Later there may be room for it, as long as the first has not answered.
            _ => {}
        }
        let next = began + hedging.next_look(began.elapsed(), within);
        if let Ok(answer) = timeout_at(next, &mut sent).await {
            return attempt.finish(answer, idempotent);
        }
    };
    let Some((other, other_sent)) = begin(tries, call, request, &picked).await else {
        return attempt.finish(sent.await, idempotent);
    };
    match select(sent, other_sent).await {
        Either::Left((answer, other_sent)) => decide(attempt.finish(answer, idempotent), other, other_sent, call).await,
        Either::Right((answer, sent)) => decide(other.finish(answer, idempotent), attempt, sent, call).await,
    }
}

/// Makes the second attempt, if that can be done at once.
async fn begin<'a, 'p>(
    tries: &mut Tries<'a>,
    call: &'p Outgoing,
    request: &mut (impl Encode + Send),
    picked: &'p Picked,
) -> Option<(Attempt<'p>, SentCall<'p>)>
where
    'a: 'p,
{
    let turn = picked.connection.try_turn()?;
    let attempt = tries.begin(picked, true);
    match picked.connection.send(turn, call, request, tries.instant(), None).await {
        Ok(sent) => Some((attempt, sent)),
        Err(_) => {
            attempt.withdraw();
            None
        }
    }
}

/// Whoever answers first wins, and the other is dropped, which cancels it. One that fails leaves the call to the other.
async fn decide(verdict: Verdict, other: Attempt<'_>, other_sent: SentCall<'_>, call: &Outgoing) -> Verdict {
    match verdict {
        Verdict::Over(_) => verdict,
        Verdict::Move(_) | Verdict::Retry(_) => other.finish(other_sent.await, call.is_idempotent()),
    }
}
