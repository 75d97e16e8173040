//! The workers that a call has been sent to.

use super::worker::Worker;

/// The workers that a call has been sent to already, so that another attempt goes elsewhere. Kept inline.
///
/// It remembers the last [`Tried::MAX`]: more attempts than that would be a fault of their own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    keys: [u64; Self::MAX],
    count: usize,
}

impl Tried {
    /// How many it remembers.
    pub const MAX: usize = 8;

    pub(crate) const NONE: Self = Self { keys: [0; Self::MAX], count: 0 };

    /// Remembers a worker.
    pub fn insert(&mut self, worker: &Worker) {
        self.keys[self.count % Self::MAX] = worker.key();
        self.count += 1;
    }

    /// Whether this worker is remembered.
    pub fn contains(&self, worker: &Worker) -> bool {
        let keys = &self.keys[..self.count.min(Self::MAX)];
        // A first attempt need not look at the worker.
        !keys.is_empty() && keys.contains(&worker.key())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether another one would make it forget the first.
    pub(crate) fn is_full(&self) -> bool {
        self.count >= Self::MAX
    }
}
