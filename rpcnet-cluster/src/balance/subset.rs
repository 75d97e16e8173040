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

    /// `size` of the workers for the client of this name; at least one. All of them if there are at most
    /// [`Subset::WORKERS_MIN`].
    pub fn new(client: &str, size: usize) -> Self {
        Self { client: affinity_key(client), size: size.max(1) }
    }

    pub(crate) fn apply(&self, workers: &mut Vec<Worker>) {
        if workers.len() <= Self::WORKERS_MIN || workers.len() <= self.size {
            return;
        }
        workers.select_nth_unstable_by_key(self.size - 1, |worker| mix(worker.key() ^ self.client));
        workers.truncate(self.size);
    }
}
