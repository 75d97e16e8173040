//! Workers of a simulation: one call at a time, first come first served.

use std::collections::VecDeque;

/// What is wrong with a worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ailment {
    /// Nothing.
    None,
    /// Nothing, and this is another run of it, of which its callers know.
    Renewed,
    /// It answers each call after so many microseconds, however many there are.
    Slow(u64),
    /// Nobody can reach it.
    Down,
    /// It fails this share of its calls at once.
    Failing(f64),
}

#[derive(Debug)]
pub(crate) struct SimulatedWorker {
    pub(crate) speed: f64,
    pub(crate) ailment: Ailment,
    /// Attempts and their work, the one that is served first.
    queue: VecDeque<(usize, f64)>,
    /// When it will have done all that was sent to it, what is still on its way included.
    free_at: f64,
    /// Calls that were sent to it and not answered.
    pub(crate) held: u32,
    pub(crate) served: u64,
}

impl SimulatedWorker {
    pub(crate) fn new(speed: f64) -> Self {
        Self { speed, ailment: Ailment::None, queue: VecDeque::new(), free_at: 0.0, held: 0, served: 0 }
    }

    /// When it would have finished this work, in seconds.
    pub(crate) fn would_finish(&self, now: f64, work: f64) -> f64 {
        self.free_at.max(now) + work / self.speed
    }

    pub(crate) fn promise(&mut self, now: f64, work: f64) {
        self.free_at = self.would_finish(now, work);
    }

    /// An attempt arrives. Returns how long the service of it takes if it begins now, in seconds.
    pub(crate) fn arrive(&mut self, attempt: usize, work: f64) -> Option<f64> {
        self.queue.push_back((attempt, work));
        (self.queue.len() == 1).then(|| work / self.speed)
    }

    /// The service of the first attempt is over. Returns it, and how long the next one takes. `is_given_up` says of an attempt
    /// that waits whether its caller has left.
    pub(crate) fn finish(&mut self, is_given_up: impl Fn(usize) -> bool) -> (Option<usize>, Option<f64>) {
        let done = self.queue.pop_front().map(|(attempt, _)| attempt);
        while self.queue.front().is_some_and(|(attempt, _)| is_given_up(*attempt)) {
            self.queue.pop_front();
            self.held = self.held.saturating_sub(1);
        }
        (done, self.queue.front().map(|(_, work)| work / self.speed))
    }

    /// It dies; what it had is lost.
    pub(crate) fn die(&mut self) -> Vec<usize> {
        self.ailment = Ailment::Down;
        self.held = 0;
        self.free_at = 0.0;
        self.queue.drain(..).map(|(attempt, _)| attempt).collect()
    }

    /// What it has, the one that is served first.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = usize> {
        self.queue.iter().map(|(attempt, _)| *attempt)
    }

    pub(crate) fn queued(&self) -> u32 {
        self.queue.len() as u32
    }
}
