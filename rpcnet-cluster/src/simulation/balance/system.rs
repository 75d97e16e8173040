//! What chooses among workers in a simulation.

use crate::balance::{Balancer, Candidates, LoadBalancingStrategy, PickRequest, Worker};

/// What chooses among workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// A strategy of the crate.
    Strategy(LoadBalancingStrategy),
    /// A strategy of the crate that hears nothing of what workers report.
    Unreported(LoadBalancingStrategy),
    /// A strategy of the crate that hears once a second what each worker had up to a second ago: as fresh as gossip gets.
    Gossiped(LoadBalancingStrategy),
    /// The better of two by the caller's own calls under way, and nothing else.
    OwnCounts,
    /// The better of two by the true number of calls at each worker.
    TrueCounts,
    /// The worker with the least calls, by the true number.
    ShortestQueue,
    /// The one of two that will have finished the call first, knowing all work that is queued.
    TrueWork,
    /// The worker that will have finished the call first, knowing all work that is queued.
    Oracle,
}

impl System {
    /// For people.
    pub fn name(self) -> String {
        match self {
            Self::Strategy(strategy) => format!("{strategy:?}"),
            Self::Unreported(strategy) => format!("{strategy:?}, no reports"),
            Self::Gossiped(strategy) => format!("{strategy:?}, reports by gossip"),
            Self::OwnCounts => "two by own counts".into(),
            Self::TrueCounts => "two by true counts".into(),
            Self::ShortestQueue => "all by true counts".into(),
            Self::TrueWork => "two by true work".into(),
            Self::Oracle => "least work, all known".into(),
        }
    }
}

/// Power of two choices on own counts: what the default is to be no worse than.
#[derive(Debug)]
pub(crate) struct OwnCounts;

impl Balancer for OwnCounts {
    fn pick<'a>(&self, candidates: &'a Candidates, request: &PickRequest<'_>) -> Option<&'a Worker> {
        let worker = |index: usize| &candidates.workers()[index];
        match candidates.draw_two(candidates.len(), |position| position, request) {
            (Some(one), Some(other)) if worker(other).active_connections() < worker(one).active_connections() => {
                Some(worker(other))
            }
            (one, _) => one.map(worker),
        }
    }
}
