//! Calls under way: what counts them, and what their end teaches.

use std::{fmt, ops::Deref, sync::Arc};

use super::experience::Experience;
use crate::membership::Time;

/// How a call to a worker ended, as far as choosing workers goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler ran and answered, an error of the application's own among the answers.
    Success,
    /// The worker failed: it could not be reached, broke off, panicked, or did not answer in time.
    Failure,
    /// The worker refused the call, since it has too much to do or drains. The handler never ran.
    Overloaded,
    /// The caller lost interest, as in the loser of a hedged call.
    Cancelled,
}

/// Counts a call to a worker for as long as it exists: see [`Worker::begin_call`](super::Worker::begin_call).
#[must_use = "the call counts as ended when this is dropped"]
pub struct CallGuard(Arc<Experience>);

/// A call to a worker whose answer is waited for: see [`Worker::begin_timed_call`](super::Worker::begin_timed_call).
///
/// Dropped without [`end`](Self::end), it is counted no longer, and teaches nothing.
#[must_use = "the call counts as ended when this is dropped"]
pub struct TimedCall(Timed<Arc<Experience>>);

/// The same by whoever holds the worker anyway, and can borrow from it.
pub(crate) type BorrowedCall<'a> = Timed<&'a Experience>;

pub(crate) struct Timed<E: Deref<Target = Experience>> {
    experience: E,
    began: Time,
}

impl CallGuard {
    pub(crate) fn new(experience: Arc<Experience>) -> Self {
        experience.begin();
        Self(experience)
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl TimedCall {
    pub(crate) fn new(experience: Arc<Experience>, now: Time) -> Self {
        Self(Timed::new(experience, now))
    }

    /// When it began.
    pub fn began(&self) -> Time {
        self.0.began
    }

    /// Ends it. The worker's latency, breaker and statistics learn from how it ended.
    pub fn end(self, now: Time, outcome: Outcome) {
        self.0.end(now, outcome);
    }
}

impl<E: Deref<Target = Experience>> Timed<E> {
    pub(crate) fn new(experience: E, now: Time) -> Self {
        experience.begin_awaited(now);
        Self { experience, began: now }
    }

    pub(crate) fn began(&self) -> Time {
        self.began
    }

    /// When the worker answered last, and not before this call began.
    pub(crate) fn answered_at(&self) -> Time {
        self.experience.answered_at().max(self.began)
    }

    pub(crate) fn end(self, now: Time, outcome: Outcome) {
        self.experience.on_outcome(self.began, now, outcome);
    }
}

impl<E: Deref<Target = Experience>> Drop for Timed<E> {
    fn drop(&mut self) {
        self.experience.end_awaited();
    }
}

impl fmt::Debug for CallGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallGuard")
    }
}

impl fmt::Debug for TimedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedCall").field("began", &self.began()).finish_non_exhaustive()
    }
}
