//! The calls that a lane waits for, by id. No IO and no clock.
//!
//! An id is in use from its request until the server's answer *and* the caller's leave: a call that was given up keeps
//! its id until the server has answered it, so that an answer can never reach the wrong call.

use std::{
    mem,
    task::{Poll, Waker},
};

use tokio::time::Instant;

use crate::{
    ErrorKind, Executed, RpcError, channel,
    codec::Body,
    error::executed_by,
    proto::{ProtocolError, ResponseHead},
};

/// A response, not decoded.
pub(crate) type Answer = Result<channel::Answer, RpcError>;

/// The table of one lane.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Ids that became free since somebody last asked.
    freed: usize,
    /// No live call is due earlier than this.
    earliest: Option<Instant>,
}

#[derive(Debug)]
struct Slot {
    caller: Caller,
    /// The server has not answered yet.
    outstanding: bool,
    /// A stream is being read that is to bring its answer.
    streamed: bool,
    times: Times,
    /// Where the request lies in all that the lane sends.
    at: u64,
}

#[derive(Debug)]
enum Caller {
    Waiting(Waker),
    Answered(Answer),
    Gone,
}

/// When something is to become of a call that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// It ends without an answer.
    pub(crate) deadline: Instant,
    /// Its caller is woken, to think about what else to do.
    pub(crate) nudge: Option<Instant>,
}

impl Times {
    /// The first of them.
    pub(crate) fn due(&self) -> Instant {
        self.nudge.map_or(self.deadline, |nudge| nudge.min(self.deadline))
    }
}

/// What is left to do for a call that is given up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing: it has its answer.
    Nothing,
    /// It was never sent: withdraw its frame, which lies here.
    Withdraw(u64),
    /// The server has it: tell it to stop.
    Cancel,
}

impl Pending {
    /// The id that the next call gets: the lowest that was never used, if none is free. So ids stay below the
    /// number of calls that are in the table at once.
    pub(crate) fn next_id(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.slots.len() as u32)
    }

    /// Adds a call under [`Pending::next_id`].
    pub(crate) fn insert(&mut self, waker: &Waker, times: Times, at: u64) -> u32 {
        let slot = Slot { caller: Caller::Waiting(waker.clone()), outstanding: true, streamed: false, times, at };
        self.earliest = Some(self.earliest.map_or(times.due(), |earliest| earliest.min(times.due())));
        match self.free.pop() {
            Some(id) => {
                self.slots[id as usize] = slot;
                id
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        }
    }

    /// The answer of a call, if it is there. The caller has it then, and leaves.
    pub(crate) fn poll(&mut self, id: u32, waker: &Waker) -> Poll<Answer> {
        let slot = &mut self.slots[id as usize];
        match mem::replace(&mut slot.caller, Caller::Gone) {
            Caller::Waiting(mut waiting) => {
                waiting.clone_from(waker);
                slot.caller = Caller::Waiting(waiting);
                Poll::Pending
            }
            Caller::Answered(answer) => {
                self.release(id);
                Poll::Ready(answer)
            }
            Caller::Gone => {
                debug_assert!(false, "a call is not polled after its answer");
                Poll::Pending
            }
        }
    }

    /// Whether a stream may be read that is to bring an answer to this call: `None` if no answer is owed, and `Some(false)` as
    /// long as another such stream is being read. After `Some(true)` it is, until the answer or [`Pending::give_stream_up`].
    pub(crate) fn begin_stream(&mut self, id: u32) -> Option<bool> {
        let slot = self.slots.get_mut(id as usize).filter(|slot| slot.outstanding)?;
        Some(!mem::replace(&mut slot.streamed, true))
    }

    /// The stream ended without an answer, which is owed on.
    pub(crate) fn give_stream_up(&mut self, id: u32) {
        if let Some(slot) = self.slots.get_mut(id as usize) {
            slot.streamed = false;
        }
    }

    /// The server answered. Returns whom to wake.
    pub(crate) fn answer(&mut self, id: u32, answer: Answer) -> Result<Option<Waker>, ProtocolError> {
        let Some(slot) = self.slots.get_mut(id as usize).filter(|slot| slot.outstanding) else {
            return Err(ProtocolError::BadCallId { id });
        };
        slot.outstanding = false;
        match &slot.caller {
            Caller::Waiting(_) => Ok(slot.caller.tell(answer)),
            Caller::Answered(_) => Ok(None),
            Caller::Gone => {
                self.release(id);
                Ok(None)
            }
        }
    }

    /// Ends every waiting call whose deadline has passed, and nudges those that wanted it. Ids stay in use until the server
    /// answers, if it has the call.
    ///
    /// What begins before `taken` is with the transport, at least in part.
    pub(crate) fn expire(
        &mut self,
        now: Instant,
        taken: u64,
        wakers: &mut Vec<Waker>,
        mut expired: impl FnMut(u32, Left),
    ) {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return;
        }
        self.earliest = None;
        for (id, slot) in self.slots.iter_mut().enumerate() {
            let Caller::Waiting(waker) = &slot.caller else {
                continue;
            };
            if slot.times.deadline <= now {
                let (executed, left) = if slot.at >= taken {
                    slot.outstanding = false;
                    (Executed::No, Left::Withdraw(slot.at))
                } else {
                    (Executed::Maybe, Left::Cancel)
                };
                wakers.extend(slot.caller.tell(Err(deadline_exceeded(executed))));
                expired(id as u32, left);
                continue;
            }
            if slot.times.nudge.take_if(|nudge| *nudge <= now).is_some() {
                wakers.push(waker.clone());
            }
            let due = slot.times.due();
            self.earliest = Some(self.earliest.map_or(due, |earliest| earliest.min(due)));
        }
    }

    /// When [`Pending::expire`] must be called next.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.earliest
    }

    /// The caller left before its answer.
    ///
    /// What begins before `taken` is with the transport, at least in part.
    pub(crate) fn leave(&mut self, id: u32, taken: u64) -> Left {
        let slot = &mut self.slots[id as usize];
        slot.caller = Caller::Gone;
        if !slot.outstanding {
            self.release(id);
            return Left::Nothing;
        }
        if slot.at >= taken {
            let at = slot.at;
            slot.outstanding = false;
            self.release(id);
            return Left::Withdraw(at);
        }
        Left::Cancel
    }

    /// The request of a call that was not sent yet lies there now.
    pub(crate) fn moved(&mut self, id: u32, at: u64) {
        if let Some(slot) = self.slots.get_mut(id as usize) {
            slot.at = at;
        }
    }

    /// The lane is gone: every call that waits gets `error`, and learns whether its request was still here.
    pub(crate) fn fail_all(&mut self, error: &RpcError, taken: u64, wakers: &mut Vec<Waker>) {
        for (id, slot) in self.slots.iter_mut().enumerate() {
            if !mem::take(&mut slot.outstanding) {
                continue;
            }
            if let Caller::Gone = slot.caller {
                self.free.push(id as u32);
                self.freed += 1;
                continue;
            }
            let executed = if slot.at >= taken { Executed::No } else { error.executed() };
            wakers.extend(slot.caller.tell(Err(error.clone().with_executed(executed))));
        }
    }

    /// How many ids became free since this was last asked.
    pub(crate) fn take_freed(&mut self) -> usize {
        mem::take(&mut self.freed)
    }

    /// The answer that lies there for a caller.
    #[cfg(test)]
    pub(crate) fn slot_answer(&self, id: u32) -> Option<&Answer> {
        match &self.slots[id as usize].caller {
            Caller::Answered(answer) => Some(answer),
            Caller::Waiting(_) | Caller::Gone => None,
        }
    }

    /// Frees the id if neither side needs it any more.
    fn release(&mut self, id: u32) {
        let slot = &self.slots[id as usize];
        if !slot.outstanding && matches!(slot.caller, Caller::Gone) {
            self.free.push(id);
            self.freed += 1;
        }
    }
}

impl Caller {
    /// Gives a waiting caller its answer; another one has left, or has an answer already.
    fn tell(&mut self, answer: Answer) -> Option<Waker> {
        if !matches!(self, Self::Waiting(_)) {
            return None;
        }
        match mem::replace(self, Self::Answered(answer)) {
            Self::Waiting(waker) => Some(waker),
            _ => None,
        }
    }
}

/// What a response tells its caller.
pub(crate) fn answer_of(head: ResponseHead, message: impl Into<Body>) -> Answer {
    if head.fields.unknown_critical.is_some() {
        let message = "the answer needs a feature that this version does not know; update this side";
        return Err(RpcError::new(ErrorKind::Protocol, executed_by(head.status), message));
    }
    Ok(channel::Answer::new(head, message))
}

/// The caller's own deadline passed.
pub(crate) fn deadline_exceeded(executed: Executed) -> RpcError {
    let message = match executed {
        Executed::No => "the deadline passed before the call could be sent",
        _ => "the deadline passed before the answer came",
    };
    RpcError::new(ErrorKind::DeadlineExceeded, executed, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::proto::Status;

    /// Where requests lie.
    const HERE: u64 = 7;
    const LATER: u64 = 8;

    fn insert(pending: &mut Pending, deadline: Option<Instant>) -> u32 {
        insert_nudged(pending, Waker::noop(), deadline, None)
    }

    fn insert_nudged(pending: &mut Pending, waker: &Waker, deadline: Option<Instant>, nudge: Option<Instant>) -> u32 {
        let times = Times { deadline: deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(60)), nudge };
        pending.insert(waker, times, HERE)
    }

    fn ok() -> Answer {
        Ok(channel::Answer::new(ResponseHead::new(0, Status::Ok), bytes::Bytes::from_static(b"value")))
    }

    fn poll(pending: &mut Pending, id: u32) -> Poll<Answer> {
        pending.poll(id, Waker::noop())
    }

    #[test]
    fn an_answered_call_frees_its_id_once_its_caller_has_the_answer() {
        let mut pending = Pending::default();
        let id = insert(&mut pending, None);
        assert!(poll(&mut pending, id).is_pending());
        assert!(pending.answer(id, ok()).expect("it waits").is_some());
        assert_eq!(pending.take_freed(), 0, "the caller has not taken it yet");
        assert!(matches!(poll(&mut pending, id), Poll::Ready(Ok(answer)) if answer.status == Status::Ok));
        assert_eq!((pending.take_freed(), pending.next_id()), (1, id));
    }

    #[test]
    fn a_call_that_was_given_up_keeps_its_id_until_the_server_answers() {
        let mut pending = Pending::default();
        let id = insert(&mut pending, None);
        assert_eq!(pending.leave(id, LATER), Left::Cancel);
        assert_eq!(pending.take_freed(), 0);
        assert!(pending.answer(id, ok()).expect("the server owes it").is_none());
        assert_eq!((pending.take_freed(), pending.next_id()), (1, id));
    }

    #[test]
    fn a_call_dropped_before_it_was_sent_was_never_sent() {
        let mut pending = Pending::default();
        let id = insert(&mut pending, None);
        assert_eq!(pending.leave(id, HERE), Left::Withdraw(HERE));
        assert_eq!(pending.take_freed(), 1);
        assert_eq!(pending.answer(id, ok()).err(), Some(ProtocolError::BadCallId { id }));
    }

    #[test]
    fn an_answer_to_a_call_that_nobody_made_breaks_the_protocol() {
        let mut pending = Pending::default();
        assert_eq!(pending.answer(3, ok()).err(), Some(ProtocolError::BadCallId { id: 3 }));
        let id = insert(&mut pending, None);
        assert!(pending.answer(id, ok()).is_ok());
        assert!(pending.answer(id, ok()).is_err(), "the second answer");
    }

    #[test]
    fn a_late_answer_does_not_undo_an_expired_deadline() {
        let mut pending = Pending::default();
        let now = Instant::now();
        let id = insert(&mut pending, Some(now));
        let (mut wakers, mut expired) = (Vec::new(), Vec::new());
        pending.expire(now, LATER, &mut wakers, |id, left| expired.push((id, left)));
        assert_eq!((wakers.len(), expired), (1, vec![(id, Left::Cancel)]));
        assert!(pending.answer(id, ok()).expect("the server owes it").is_none());
        let Poll::Ready(Err(error)) = poll(&mut pending, id) else { panic!("expired") };
        assert_eq!((error.kind(), error.executed()), (ErrorKind::DeadlineExceeded, Executed::Maybe));
        assert_eq!(pending.take_freed(), 1);
    }

    #[test]
    fn a_call_whose_deadline_passes_before_it_is_sent_never_is_and_says_so() {
        let mut pending = Pending::default();
        let now = Instant::now();
        let id = insert(&mut pending, Some(now));
        let mut expired = Vec::new();
        pending.expire(now, HERE, &mut Vec::new(), |id, left| expired.push((id, left)));
        assert_eq!(expired, [(id, Left::Withdraw(HERE))]);
        let Poll::Ready(Err(error)) = poll(&mut pending, id) else { panic!("expired") };
        assert_eq!((error.kind(), error.executed()), (ErrorKind::DeadlineExceeded, Executed::No));
        assert_eq!(pending.take_freed(), 1, "no answer is to come");
    }

    #[test]
    fn one_stream_at_a_time_is_read_for_an_answer_that_is_owed() {
        let mut pending = Pending::default();
        assert_eq!(pending.begin_stream(0), None, "nobody made the call");
        let id = insert(&mut pending, None);
        assert_eq!(pending.begin_stream(id), Some(true));
        assert_eq!(pending.begin_stream(id), Some(false), "two at once");
        pending.give_stream_up(id);
        assert_eq!(pending.begin_stream(id), Some(true), "the first was reset");
        assert!(pending.answer(id, ok()).expect("it waits").is_some());
        assert_eq!(pending.begin_stream(id), None, "it has its answer");
        assert!(poll(&mut pending, id).is_ready());
        assert_eq!(insert(&mut pending, None), id);
        assert_eq!(pending.begin_stream(id), Some(true), "another call");
    }

    #[test]
    fn the_next_due_is_the_earliest_of_those_that_wait() {
        let mut pending = Pending::default();
        let now = Instant::now();
        let [early, late] = [now + Duration::from_secs(1), now + Duration::from_secs(2)];
        insert(&mut pending, Some(late));
        insert(&mut pending, Some(early));
        assert_eq!(pending.next_due(), Some(early));
        pending.expire(early, LATER, &mut Vec::new(), |_, _| {});
        assert_eq!(pending.next_due(), Some(late));
    }

    #[test]
    fn a_call_is_nudged_once_at_its_time_and_waits_on() {
        let mut pending = Pending::default();
        let now = Instant::now();
        let [nudge, deadline] = [now + Duration::from_secs(1), now + Duration::from_secs(2)];
        let id = insert_nudged(&mut pending, Waker::noop(), Some(deadline), Some(nudge));
        let woken = |pending: &mut Pending, at| {
            let mut wakers = Vec::new();
            pending.expire(at, LATER, &mut wakers, |id, _| panic!("{id} has not expired"));
            wakers.len()
        };
        assert_eq!(pending.next_due(), Some(nudge));
        assert_eq!(woken(&mut pending, now), 0);
        assert_eq!(woken(&mut pending, nudge), 1);
        assert_eq!((woken(&mut pending, nudge), pending.next_due()), (0, Some(deadline)));
        assert!(pending.poll(id, Waker::noop()).is_pending());
        assert!(pending.answer(id, ok()).expect("it waits").is_some());
    }

    #[test]
    fn a_lost_lane_tells_each_call_whether_it_was_sent() {
        let mut pending = Pending::default();
        let sent = insert(&mut pending, None);
        let times = Times { deadline: Instant::now() + Duration::from_secs(60), nudge: None };
        let unsent = pending.insert(Waker::noop(), times, LATER);
        let lost = RpcError::new(ErrorKind::Connection, Executed::Maybe, "lost");
        pending.fail_all(&lost, LATER, &mut Vec::new());
        let executed = [sent, unsent].map(|id| match poll(&mut pending, id) {
            Poll::Ready(Err(error)) => error.executed(),
            other => panic!("{other:?}"),
        });
        assert_eq!(executed, [Executed::Maybe, Executed::No]);
    }
}
