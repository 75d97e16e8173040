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

    /// The workers with these keys.
    pub(crate) fn of_keys(keys: &[u64]) -> Self {
        let mut tried = Self::NONE;
        keys.iter().for_each(|&key| tried.insert_key(key));
        tried
    }

    /// Remembers a worker.
    pub fn insert(&mut self, worker: &Worker) {
        self.insert_key(worker.key());
    }

    fn insert_key(&mut self, key: u64) {
        self.keys[self.count % Self::MAX] = key;
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
