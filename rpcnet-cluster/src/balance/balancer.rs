//! The contract of whatever chooses among workers.

use std::fmt;

use super::{breaker::Passage, candidates::Candidates, tried::Tried, worker::Worker};
use crate::membership::Time;

/// Chooses among workers. [`LoadBalancingStrategy`](super::LoadBalancingStrategy) is one; write your own where none of those
/// serves.
///
/// A pick is on the path of every call, from any thread: it should neither wait nor allocate.
///
/// ```
/// use rpcnet_cluster::balance::{Balancer, Candidates, PickRequest, Worker};
///
/// /// The worker with the least calls of this process, among all.
/// #[derive(Debug)]
/// struct Idlest;
///
/// impl Balancer for Idlest {
///     fn pick<'a>(&self, candidates: &'a Candidates, request: &PickRequest<'_>) -> Option<&'a Worker> {
///         let eligible = candidates.workers().iter().filter(|worker| candidates.is_eligible(worker, request));
///         eligible.min_by_key(|worker| worker.active_connections())
///     }
/// }
/// ```
pub trait Balancer: Send + Sync + fmt::Debug {
    /// The worker to send this call to.
    ///
    /// Called by [`Candidates::pick`], which has already dealt with workers that are due for a try. `None`, or a worker that
    /// is not [eligible](Candidates::is_eligible), makes it take the best that is left.
    fn pick<'a>(&self, candidates: &'a Candidates, request: &PickRequest<'_>) -> Option<&'a Worker>;
}

/// What a worker is wanted for.
#[derive(Clone, Copy, Debug)]
pub struct PickRequest<'a> {
    pub(crate) now: Time,
    pub(crate) tried: &'a Tried,
    pub(crate) key: Option<u64>,
    /// From when on it tries a worker whose breaker is open: [`Passage::Due`] or [`Passage::Overdue`].
    pub(crate) tries_from: Passage,
}

impl<'a> PickRequest<'a> {
    /// A first attempt at this time.
    pub fn new(now: Time) -> PickRequest<'static> {
        PickRequest { now, tried: &NONE_TRIED, key: None, tries_from: Passage::Due }
    }

    /// Another attempt, if any has been tried: these workers are passed over as long as there are others.
    pub fn with_tried<'b>(self, tried: &'b Tried) -> PickRequest<'b>
    where
        'a: 'b,
    {
        PickRequest { tried, ..self }
    }

    /// Calls with equal keys should go to the same worker: see [`affinity_key`](super::affinity_key).
    pub fn with_key(self, key: u64) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Leave it to other calls to find out whether a worker works again, unless there were none for a second: for calls that
    /// can't be repeated elsewhere.
    pub fn without_probe(self) -> Self {
        Self { tries_from: Passage::Overdue, ..self }
    }

    /// The time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// What this call has in common with others that should go to the same worker.
    pub fn key(&self) -> Option<u64> {
        self.key
    }
}

static NONE_TRIED: Tried = Tried::NONE;
