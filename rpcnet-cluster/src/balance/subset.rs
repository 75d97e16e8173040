//! Some of the workers, so that not everybody is connected with everybody.

use super::{random::affinity_key, worker::Worker};
use crate::membership::mix;

/// Some of the workers, by rendezvous hashing (gRPC's proposal A68): each client gets others, about equally many clients
/// get each worker, and a worker that comes or goes changes little.
///
/// It pays where connections are the cost: 1,000 clients of 1,000 workers have a million. With fewer than about 100 workers
/// it does more harm than good: a client that knows fewer workers balances worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subset {
    client: u64,
    size: usize,
}

impl Subset {
    /// From more workers than this, subsetting is worth a thought.
    pub const WORKERS_MIN: usize = 100;

    /// `size` of the workers for the client of this name; at least one.
    ///
    /// All of them if there are at most [`Subset::WORKERS_MIN`], and `size` from twice as many on. In between the number
    /// shrinks evenly from the one to the other, so that a worker that comes or goes at the limit makes nobody connect to all the
    /// others, or leave them.
    pub fn new(client: &str, size: usize) -> Self {
        Self { client: affinity_key(client), size: size.max(1) }
    }

    pub(crate) fn apply(&self, workers: &mut Vec<Worker>) {
        let size = self.size_among(workers.len());
        if size < workers.len() {
            workers.select_nth_unstable_by_key(size - 1, |worker| mix(worker.key() ^ self.client));
            workers.truncate(size);
        }
    }

    /// How many of so many workers are used; at least one if there is any.
    fn size_among(&self, workers: usize) -> usize {
        let beyond = workers.saturating_sub(Self::WORKERS_MIN).min(Self::WORKERS_MIN);
        let fewer = Self::WORKERS_MIN.saturating_sub(self.size) * beyond / Self::WORKERS_MIN;
        (Self::WORKERS_MIN - fewer).max(self.size).min(workers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_comes_or_goes_changes_the_size_by_one_at_most() {
        for size in [0, 1, 5, 99, 100, 150, 400] {
            let subset = Subset::new("client", size);
            let sizes: Vec<_> = (0..=500).map(|workers| subset.size_among(workers)).collect();
            assert!(sizes.windows(2).all(|pair| pair[0].abs_diff(pair[1]) <= 1), "{size}: {sizes:?}");
            assert_eq!([0, 1, 100].map(|workers| sizes[workers]), [0, 1, 100]);
            assert_eq!(sizes[500], size.max(1));
        }
        let some = Subset::new("client", 20);
        assert_eq!([101, 150, 199, 200, 1_000].map(|workers| some.size_among(workers)), [100, 60, 21, 20, 20]);
    }
}
