//! What a call has behind it, as far as its next attempt goes. Pure.

use rpcnet::{__channel::Answer, Executed, RpcError};

use crate::balance::{Tried, Worker};

/// The attempts that a call has behind it, and what befell them.
#[derive(Default)]
pub(super) struct Past {
    /// Workers not to ask: those that were sent the call, and those that were passed over.
    tried: Tried,
    /// Attempts that were begun, and those of them that cost somebody something.
    begun: u32,
    counted: u32,
    /// Boxed, since few calls have any.
    trouble: Option<Box<Trouble>>,
}

/// What befell a call that did not get its answer from the first worker.
#[derive(Default)]
struct Trouble {
    /// The workers that were sent the call in vain; of the others that were tried one never knows.
    failed: Tried,
    /// Requests that may have reached a handler, and got no answer.
    lost: bool,
    /// Why the last worker did not take the call, and who that was.
    failure: Option<RpcError>,
}

impl Past {
    /// The workers that the call was at.
    pub(super) fn tried(&self) -> &Tried {
        &self.tried
    }

    /// Attempts that cost somebody something.
    pub(super) fn counted(&self) -> u32 {
        self.counted
    }

    /// An attempt begins at this worker; which one it is.
    pub(super) fn begin(&mut self, worker: &Worker) -> u32 {
        self.begun += 1;
        self.counted += 1;
        self.remember(worker);
        self.begun
    }

    /// Takes up again a stream that was begun at these workers in vain, and last for this reason.
    pub(super) fn recall(&mut self, workers: Tried, failure: &RpcError) {
        *self.trouble() = Trouble { failed: workers, lost: false, failure: Some(failure.clone()) };
        self.look_again();
    }

    /// The last attempt never left this process: nobody was told of it, and the next one has its number.
    pub(super) fn withdraw(&mut self) {
        self.begun = self.begun.saturating_sub(1);
        self.counted = self.counted.saturating_sub(1);
    }

    /// The call does not go to this worker, for this reason. Says whether others that were passed over were forgotten for it.
    pub(super) fn pass_over(&mut self, worker: &Worker, reason: RpcError) -> bool {
        let reason = if reason.peer().is_some() { reason } else { self.named(reason, worker) };
        self.trouble().failure = Some(reason);
        !self.tried.contains(worker) && self.remember(worker)
    }

    /// An attempt never ran, and cost nobody anything worth counting.
    pub(super) fn note_move(&mut self, worker: &Worker, reason: RpcError, takes_calls: bool) {
        self.counted = self.counted.saturating_sub(1);
        self.move_on(worker, reason, takes_calls);
    }

    /// The call goes elsewhere from this worker, which refused it before anything was sent or ran.
    pub(super) fn move_on(&mut self, worker: &Worker, reason: RpcError, takes_calls: bool) {
        if takes_calls {
            // Nothing has changed about it: asked again, it would refuse again.
            self.trouble().failed.insert(worker);
        }
        self.pass_over(worker, reason);
    }

    /// A worker was sent the call in vain.
    pub(super) fn note_failure(&mut self, worker: &Worker, reason: RpcError) {
        let trouble = self.trouble();
        trouble.lost |= reason.executed() != Executed::No;
        trouble.failed.insert(worker);
        self.pass_over(worker, reason);
    }

    /// An attempt is given up while its worker may be at it.
    pub(super) fn note_abandoned(&mut self) {
        self.trouble().lost = true;
    }

    /// Some time has passed: those that were only passed over may have room again, or be back.
    pub(super) fn look_again(&mut self) {
        self.tried = *self.failed();
    }

    /// The same while this worker is at the call.
    pub(super) fn look_again_beside(&mut self, worker: &Worker) {
        self.look_again();
        self.remember(worker);
    }

    /// The workers that were sent the call in vain.
    pub(super) fn failed(&self) -> &Tried {
        const NOBODY: &Tried = &Tried::NONE;
        self.trouble.as_ref().map_or(NOBODY, |trouble| &trouble.failed)
    }

    /// Whether some worker was sent the call in vain.
    pub(super) fn has_lost(&self) -> bool {
        !self.failed().is_empty()
    }

    /// Whether nothing has befallen it.
    pub(super) fn is_smooth(&self) -> bool {
        self.trouble.is_none()
    }

    /// The call's failure, if any worker has refused it or was lost with it.
    pub(super) fn give_up(&mut self) -> Option<RpcError> {
        let failure = self.trouble.as_mut()?.failure.take()?;
        Some(self.with_executed(failure))
    }

    /// A failure that comes after all that was tried, as the caller sees it: at whoever was asked last.
    pub(super) fn at_last(&self, error: RpcError) -> RpcError {
        let failure = self.trouble.as_ref().and_then(|trouble| trouble.failure.as_ref());
        let peer = failure.and_then(RpcError::peer).map(Into::into);
        self.with_executed(error).at_peer(peer)
    }

    /// A failure at this worker, as the caller sees it.
    pub(super) fn named(&self, error: RpcError, worker: &Worker) -> RpcError {
        self.with_executed(error).at_peer(Some(worker.id().text()))
    }

    /// That the last attempt never ran says nothing about those before.
    pub(super) fn with_executed(&self, error: RpcError) -> RpcError {
        let lost = self.trouble.as_ref().is_some_and(|trouble| trouble.lost);
        if lost && error.executed() == Executed::No { error.with_executed(Executed::Maybe) } else { error }
    }

    /// An answer of this worker that is no value: as it is, unless it says that nothing ran, and an earlier attempt may have.
    pub(super) fn refused(&self, answer: Answer, worker: &Worker) -> Result<Answer, RpcError> {
        match answer.error() {
            Some(error) if error.executed() == Executed::No => Err(self.named(error, worker)),
            _ => Ok(answer),
        }
    }

    /// Where there is no room for another worker, those that were only passed over are forgotten, and those that failed are not.
    fn remember(&mut self, worker: &Worker) -> bool {
        let full = self.tried.is_full();
        if full {
            self.look_again();
        }
        self.tried.insert(worker);
        full
    }

    fn trouble(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use rpcnet::ErrorKind;

    use super::*;
    use crate::{
        balance::{Roster, WorkerInfo},
        membership::Time,
    };

    fn workers(count: u16) -> Vec<Worker> {
        let infos = (1..=count).map(|port| WorkerInfo::at(([127, 0, 0, 1], port).into()));
        Roster::new(1).update(Time::ZERO, infos).to_vec()
    }

    fn error(kind: ErrorKind, executed: Executed) -> RpcError {
        RpcError::of_channel(kind, executed, "test")
    }

    fn full() -> RpcError {
        error(ErrorKind::Overloaded, Executed::No)
    }

    #[test]
    fn a_failure_never_says_that_nothing_ran_once_an_attempt_was_lost() {
        let (workers, mut past) = (workers(2), Past::default());
        workers.iter().for_each(|worker| {
            past.begin(worker);
        });
        // Side by side: the first is lost, and then the second refuses.
        past.note_failure(&workers[0], error(ErrorKind::Connection, Executed::Maybe));
        past.note_failure(&workers[1], full());
        let failure = past.give_up().expect("a failure");
        assert_eq!((failure.kind(), failure.executed()), (ErrorKind::Overloaded, Executed::Maybe));
        assert_eq!(failure.peer(), Some(workers[1].id().as_str()));
    }

    #[test]
    fn nor_does_one_that_comes_while_another_worker_may_be_at_it() {
        let mut past = Past::default();
        assert_eq!(past.with_executed(full()).executed(), Executed::No);
        past.note_abandoned();
        assert_eq!(past.with_executed(full()).executed(), Executed::Maybe);
    }

    #[test]
    fn who_was_passed_over_is_looked_at_again_and_who_failed_or_is_at_the_call_is_not() {
        let (workers, mut past) = (workers(5), Past::default());
        past.begin(&workers[0]);
        past.note_failure(&workers[0], full());
        past.pass_over(&workers[1], full());
        past.begin(&workers[2]);
        past.note_move(&workers[2], error(ErrorKind::Draining, Executed::No), false);
        past.begin(&workers[3]);
        past.note_move(&workers[3], error(ErrorKind::Stream, Executed::No), true);
        past.begin(&workers[4]);
        let tried = |past: &Past| workers.iter().map(|worker| past.tried().contains(worker)).collect::<Vec<_>>();
        assert_eq!(tried(&past), [true; 5]);
        past.look_again_beside(&workers[4]);
        assert_eq!(tried(&past), [true, false, false, true, true]);
        past.look_again();
        assert_eq!(tried(&past), [true, false, false, true, false]);
    }

    #[test]
    fn however_many_are_passed_over_nobody_who_failed_is_forgotten() {
        let (workers, mut past) = (workers(30), Past::default());
        for worker in &workers[..2] {
            past.begin(worker);
            past.note_failure(worker, full());
        }
        let forgot = workers[2..].iter().filter(|worker| past.pass_over(worker, full())).count();
        assert!(workers[..2].iter().all(|worker| past.tried().contains(worker)));
        // Whoever passes over that many is told, and lets others run.
        assert_eq!(forgot, 28 / (Tried::MAX - 2));
    }

    #[test]
    fn what_cost_nobody_anything_does_not_count() {
        let (workers, mut past) = (workers(3), Past::default());
        assert_eq!(past.begin(&workers[0]), 1);
        past.note_move(&workers[0], error(ErrorKind::Connection, Executed::No), false);
        assert_eq!((past.begin(&workers[1]), past.counted()), (2, 1));
        past.note_failure(&workers[1], full());
        past.pass_over(&workers[2], full());
        assert_eq!(past.counted(), 1);
    }

    #[test]
    fn what_was_never_sent_takes_no_number_from_what_is() {
        let (workers, mut past) = (workers(3), Past::default());
        past.begin(&workers[0]);
        past.withdraw();
        past.move_on(&workers[0], error(ErrorKind::Connection, Executed::No), false);
        assert_eq!((past.begin(&workers[1]), past.counted()), (1, 1));
        past.note_failure(&workers[1], full());
        assert_eq!((past.begin(&workers[2]), past.counted()), (2, 2));
    }

    #[test]
    fn a_call_that_runs_out_of_time_names_whoever_was_asked_last() {
        let (workers, mut past) = (workers(1), Past::default());
        let late = || error(ErrorKind::DeadlineExceeded, Executed::No);
        assert_eq!(past.at_last(late()).peer(), None);
        past.begin(&workers[0]);
        past.note_failure(&workers[0], error(ErrorKind::Connection, Executed::Maybe));
        let late = past.at_last(late());
        assert_eq!((late.peer(), late.executed()), (Some(workers[0].id().as_str()), Executed::Maybe));
    }
}
