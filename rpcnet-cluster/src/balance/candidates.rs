//! The workers that one filter names, prepared for picking.

use std::{fmt, sync::Arc};

use super::{
    balancer::{Balancer, PickRequest},
    breaker::Passage,
    cursor::Cursor,
    experience::{Experience, Standing, warmth},
    pool::Pool,
    random::below,
    subset::Subset,
    survey::Survey,
    weights::Weights,
    worker::Worker,
    zones::Zones,
};
use crate::{Filter, membership::Time};

/// The workers that one filter names, prepared for picking: immutable, and rebuilt when the view changes.
///
/// A pick takes no lock and allocates nothing. What changes between two views (calls under way, latencies, breakers, reported
/// loads) is read from the workers' atomics as it is at that moment.
pub struct Candidates {
    workers: Box<[Worker]>,
    slots: Box<[Slot]>,
    /// From then on none of them is new.
    all_warm_at: Time,
    pool: Arc<Pool>,
    survey: Survey,
    pub(crate) cursor: Cursor,
    pub(crate) weights: Weights,
    pub(crate) zones: Option<Zones>,
}

/// What a pick reads of one worker, in one place.
pub(crate) struct Slot {
    pub(crate) experience: Arc<Experience>,
    pub(crate) key: u64,
    /// See [`Experience::warm_at`].
    warm_at: Time,
    pub(crate) capacity: f32,
    /// What its source says; never [`Standing::Out`].
    published: Standing,
}

/// How [`Candidates`] are prepared.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CandidateOptions {
    /// The zone that this process stands in, for [`LoadBalancingStrategy::ZoneAware`](super::LoadBalancingStrategy::ZoneAware).
    /// Without it that strategy knows no near and far.
    pub local_zone: Option<String>,
    /// How the callers are spread over the zones, as pairs of a zone and a count or share of any unit. Empty: equally many in each
    /// zone that has workers.
    pub callers: Vec<(String, f64)>,
    /// Use some of the workers only: where thousands of callers meet thousands of workers, each pair costs a connection.
    pub subset: Option<Subset>,
}

impl Candidates {
    /// Prepares these workers.
    pub fn new(workers: impl IntoIterator<Item = Worker>, options: &CandidateOptions) -> Self {
        let mut workers: Vec<_> = workers.into_iter().collect();
        if let Some(subset) = &options.subset {
            subset.apply(&mut workers);
        }
        let slots: Box<[Slot]> = workers.iter().map(Slot::new).collect();
        let pool =
            workers.first().map_or_else(|| Arc::new(Pool::new(0)), |worker| Arc::clone(&worker.experience().pool));
        Self {
            cursor: Cursor::new(pool.random.next_u64(), workers.len()),
            weights: Weights::new(workers.iter().map(Worker::capacity)),
            zones: Zones::new(&workers, options),
            survey: Survey::default(),
            all_warm_at: slots.iter().map(|slot| slot.warm_at).max().unwrap_or_default(),
            workers: workers.into(),
            slots,
            pool,
        }
    }

    /// Prepares those of these workers that `filter` names.
    pub fn matching(workers: &[Worker], filter: &Filter, options: &CandidateOptions) -> Self {
        Self::new(workers.iter().filter(|worker| filter.matches(worker.tags())).cloned(), options)
    }

    /// All of them, in the order in which they were given.
    pub fn workers(&self) -> &[Worker] {
        &self.workers
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// The worker to send a call to; `None` only if there is no worker at all.
    ///
    /// A worker that is due for a try gets one call, and another if that one has not ended after five seconds. Else the balancer
    /// chooses among those that are [eligible](Self::is_eligible) and were not tried yet. If it finds none, then the best of the others is
    /// taken: one that was not tried before one that was, ready before doubtful, before out of order, before draining.
    pub fn pick(&self, balancer: &(impl Balancer + ?Sized), request: &PickRequest<'_>) -> Option<&Worker> {
        self.survey.refresh(self, request.now);
        if self.survey.has_due(request.tries_from) && request.tried.is_empty() {
            if let Some(worker) = self.claim_probe(request) {
                return Some(worker);
            }
            self.survey.none_due(request.tries_from);
        }
        match balancer.pick(self, request) {
            Some(worker) => Some(worker),
            None => self.best_left(request),
        }
    }

    /// Whether a balancer should consider this worker for this call: it was not tried yet, and is as good as most are.
    ///
    /// Ready workers are as long as they are at least half of those that don't drain. Else suspected and degraded ones are, too; and
    /// when more than half are out of order, then all are, since then it is rarely the workers' fault, and the
    /// others could not bear their load ("panic mode", Finagle and Envoy). Draining ones are if there is nothing else.
    pub fn is_eligible(&self, worker: &Worker, request: &PickRequest<'_>) -> bool {
        worker.standing(request.now) <= self.survey.accepted() && !request.tried.contains(worker)
    }

    /// Whether more than half of the workers that don't drain are out of order, as of the last 20 ms.
    pub fn is_panicking(&self) -> bool {
        self.survey.accepted() == Standing::Out
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// [`Self::is_eligible`] of the worker at `index`, which is below [`Self::len`].
    pub(crate) fn admits(&self, index: usize, request: &PickRequest<'_>) -> bool {
        let slot = &self.slots[index];
        slot.standing(request.now) <= self.survey.accepted()
            && (request.tried.is_empty() || !request.tried.contains(&self.workers[index]))
    }

    /// As [`Self::admits`], and drawn by lot while it is new: a tenth of the times at first.
    pub(crate) fn admits_warm(&self, index: usize, request: &PickRequest<'_>) -> bool {
        self.admits(index, request) && self.reluctance(index, request.now) == 1.0
    }

    /// How many times as much a call costs there for being new: ten times at first, unless it is drawn by lot. By lot, since
    /// whoever takes the cheapest would never take it as long as the others are idle; and by cost, since the others must not
    /// drown while it is idle.
    pub(crate) fn reluctance(&self, index: usize, now: Time) -> f32 {
        if now >= self.all_warm_at {
            return 1.0;
        }
        let warm_at = self.slots[index].warm_at;
        if now >= warm_at || self.survey.most_are_new() {
            return 1.0;
        }
        let warmth = warmth(warm_at, now);
        if self.pool.random.unit() < f64::from(warmth) { 1.0 } else { 1.0 / warmth }
    }

    /// Two different workers that are admitted, at random, among those at `indices`; the second may be missing, and both if
    /// none was found soon.
    pub(crate) fn draw_two(
        &self,
        count: usize,
        index_of: impl Fn(usize) -> usize,
        request: &PickRequest<'_>,
    ) -> (Option<usize>, Option<usize>) {
        if count == 0 {
            return (None, None);
        }
        let mut first = None;
        for _ in 0..DRAWS {
            let bits = self.pool.random.next_u64();
            let position = match first {
                None => below((bits >> 32) as u32, count),
                Some(position) => position,
            };
            if first.is_none() && self.admits(index_of(position), request) {
                first = Some(position);
            }
            if count == 1 {
                break;
            }
            let other = position + 1 + below(bits as u32, count - 1);
            let other = if other >= count { other - count } else { other };
            if self.admits(index_of(other), request) {
                match first {
                    Some(position) => return (Some(index_of(position)), Some(index_of(other))),
                    None => first = Some(other),
                }
            }
        }
        (first.map(index_of), None)
    }

    /// The best worker when the balancer found none: by whether it was tried, then by standing; random among equals.
    fn best_left(&self, request: &PickRequest<'_>) -> Option<&Worker> {
        let start = below(self.pool.random.next_u64() as u32, self.len());
        let turned = self.workers[start..].iter().chain(&self.workers[..start]);
        turned.min_by_key(|worker| (request.tried.contains(worker), worker.standing(request.now)))
    }

    /// A worker whose breaker was open for long enough, if this call is the one that may try it.
    fn claim_probe(&self, request: &PickRequest<'_>) -> Option<&Worker> {
        let (now, amnesty) = (request.now, self.pool.amnesty());
        let start = below(self.pool.random.next_u64() as u32, self.len());
        let indices = (start..self.len()).chain(0..start);
        let mut due = indices.filter(|&index| self.slots[index].passage(now, amnesty) >= request.tries_from);
        due.find(|&index| self.slots[index].experience.breaker.claim_probe(now)).map(|index| &self.workers[index])
    }
}

impl Slot {
    fn new(worker: &Worker) -> Self {
        let (experience, capacity) = (Arc::clone(worker.experience()), worker.capacity() as f32);
        let (key, warm_at, published) = (worker.key(), experience.warm_at, worker.info().standing());
        Self { experience, key, warm_at, capacity, published }
    }

    pub(crate) fn standing(&self, now: Time) -> Standing {
        self.experience.standing(self.published, now)
    }

    /// What its breaker lets through; nobody tries one that drains.
    pub(crate) fn passage(&self, now: Time, amnesty: Time) -> Passage {
        match self.experience.breaker.passage(now, amnesty) {
            Passage::Due | Passage::Overdue if self.published == Standing::Draining => Passage::Open,
            passage => passage,
        }
    }

    /// Whether it has been there for too short a time to get its whole share.
    pub(crate) fn is_new(&self, now: Time) -> bool {
        now < self.warm_at
    }

    /// How much it can take, as it says.
    pub(crate) fn weight(&self) -> f32 {
        self.experience.reported.capacity().map_or(self.capacity, |capacity| capacity as f32)
    }
}

impl fmt::Debug for Candidates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidates").field("workers", &self.workers).finish_non_exhaustive()
    }
}

/// With half of the workers out of order, one call in 256 finds none by lot and looks at all of them.
const DRAWS: usize = 8;
