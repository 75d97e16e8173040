//! The nodes that do the work, and what this node has experienced with each.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::filter::{Filter, FilterError, IntoFilter};
use crate::{
    ClusterEvent, ClusterMembership, Events, NodeId,
    balance::{
        CandidateOptions, Candidates, LoadBalancingStrategy, PickRequest, Roster, Worker, WorkerInfo, affinity_key,
    },
    membership::Time,
};

/// The workers of a cluster: the members that a filter names, by default those with the tag `role=worker`.
///
/// [`start`](Self::start) it once; from then on it follows the cluster, and every question is answered at once from an
/// immutable list that is swapped when something changes. Selecting takes no lock. Cloning is cheap.
///
/// It makes no calls, so it knows of workers' load what they publish by gossip, which is a second old or more, and the calls
/// that are counted with [`Worker::begin_call`] or [`Worker::begin_timed_call`]. As the source of a
/// [`ClusterClient`](crate::ClusterClient) it says who is called; how one is chosen, the client's own strategy says.
///
/// ```
/// # async fn example(cluster: rpcnet_cluster::ClusterMembership) -> Result<(), Box<dyn std::error::Error>> {
/// use rpcnet_cluster::WorkerRegistry;
///
/// let registry = WorkerRegistry::new(cluster);
/// registry.start();
/// let worker = registry.select_worker("zone=eu, gpu")?;
/// println!("{} at {}", worker.label(), worker.addr());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct WorkerRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    cluster: ClusterMembership,
    filter: Filter,
    strategy: LoadBalancingStrategy,
    /// The clock of the roster counts from here.
    since: Instant,
    workers: ArcSwap<Workers>,
    roster: Mutex<Roster>,
    started: AtomicBool,
}

/// The workers of one view, and those of them that were asked for, prepared.
struct Workers {
    all: Arc<[Worker]>,
    prepared: ArcSwap<Vec<(Filter, Arc<Candidates>)>>,
}

/// Why no worker was selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// The text is no filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// No member matches.
    #[error("none of the {workers} workers matches the filter `{filter}`")]
    #[non_exhaustive]
    NoMatch {
        /// The filter.
        filter: Filter,
        /// How many workers there are.
        workers: usize,
    },
}

impl WorkerRegistry {
    /// The registry of all members with the tag `role=worker`.
    pub fn new(cluster: ClusterMembership) -> Self {
        // A text that is a filter; were it none, no node would be a worker's equal.
        Self::with_workers(cluster, "role=worker".parse().unwrap_or_default())
    }

    /// The registry of all members with the tag `role=worker`, that selects by this strategy instead of the default one.
    pub fn with_strategy(cluster: ClusterMembership, strategy: LoadBalancingStrategy) -> Self {
        Self::build(cluster, "role=worker".parse().unwrap_or_default(), strategy)
    }

    /// The registry of all members that `filter` names.
    pub fn with_workers(cluster: ClusterMembership, filter: Filter) -> Self {
        Self::build(cluster, filter, LoadBalancingStrategy::default())
    }

    fn build(cluster: ClusterMembership, filter: Filter, strategy: LoadBalancingStrategy) -> Self {
        let roster = Mutex::new(Roster::new(seed(&cluster)));
        let (since, workers, started) =
            (Instant::now(), ArcSwap::from_pointee(Workers::default()), AtomicBool::new(false));
        let shared = Arc::new(Shared { cluster, filter, strategy, since, workers, roster, started });
        shared.refresh();
        Self { shared }
    }

    /// Follows the cluster from now on, until it is left or the last clone of the registry is dropped. A second call
    /// does nothing.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(&self) {
        if self.shared.started.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut events = self.subscribe();
        self.shared.refresh();
        let shared = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let Some(shared) = shared.upgrade() else { return };
                if let ClusterEvent::NodeRecovered(node) | ClusterEvent::NodeJoined(node) = &event {
                    shared.forgive(&node.id);
                }
                shared.refresh();
            }
        });
    }

    /// All workers that count as members, by name; those that are degraded or were reported among them.
    pub fn workers(&self) -> Vec<Worker> {
        self.shared.tick();
        self.shared.workers.load().all.to_vec()
    }

    /// How many workers count as members.
    pub fn worker_count(&self) -> usize {
        self.shared.workers.load().all.len()
    }

    /// How many of them are healthy.
    pub fn healthy_count(&self) -> usize {
        self.shared.tick();
        self.shared.workers.load().all.iter().filter(|worker| worker.is_healthy()).count()
    }

    /// A worker that `filter` names, by the registry's strategy.
    ///
    /// Workers that are suspected, degraded or were reported are passed over as long as at least half are well, and those that are
    /// draining as long as there are others. The first selection by a filter after each change of the cluster prepares it; the
    /// others neither wait nor look at all workers. A text is parsed each time.
    ///
    /// # Errors
    ///
    /// The text is no filter, or no worker matches it.
    pub fn select_worker(&self, filter: impl IntoFilter) -> Result<Worker, SelectError> {
        let filter = filter.into_filter()?;
        if let Some(worker) = self.shared.pick(&filter) {
            return Ok(worker);
        }
        // The cluster's view may know of one before the event about it has been taken in here.
        self.shared.refresh();
        let workers = self.worker_count();
        self.shared.pick(&filter).ok_or(SelectError::NoMatch { filter, workers })
    }

    /// How workers are selected.
    pub fn strategy(&self) -> LoadBalancingStrategy {
        self.shared.strategy
    }

    /// Says that a call to this worker has failed: for five seconds others are preferred, or until the cluster has seen
    /// it recover. Membership itself is not told: a worker that refuses calls can still be alive.
    pub fn report_failure(&self, id: &NodeId) {
        if let Some(worker) = self.shared.worker(id) {
            worker.report_failure(self.shared.now());
        }
    }

    pub(crate) fn cluster(&self) -> &ClusterMembership {
        &self.shared.cluster
    }

    /// Who counts as a worker.
    pub(crate) fn workers_filter(&self) -> &Filter {
        &self.shared.filter
    }

    /// What happens in the cluster from now on, among workers and others.
    pub fn subscribe(&self) -> Events {
        self.shared.cluster.subscribe()
    }
}

impl Shared {
    /// Takes the list of workers from the newest view.
    fn refresh(&self) {
        // Under the lock, so that an older list never replaces a newer one.
        let mut roster = self.roster.lock();
        let view = self.cluster.view();
        let live = view.live().filter(|node| self.filter.matches(&node.tags));
        let all = roster.update(self.now(), live.map(|node| WorkerInfo::from(&**node)));
        self.workers.store(Arc::new(Workers { all, ..Workers::default() }));
    }

    fn pick(&self, filter: &Filter) -> Option<Worker> {
        let workers = self.workers.load();
        workers.prepared(filter).pick(&self.strategy, &PickRequest::new(self.now())).cloned()
    }

    fn forgive(&self, id: &NodeId) {
        if let Some(worker) = self.worker(id) {
            worker.forgive();
        }
    }

    fn worker(&self, id: &NodeId) -> Option<Worker> {
        self.workers.load().all.iter().find(|worker| worker.id() == id).cloned()
    }

    fn now(&self) -> Time {
        Time::since_start(self.since.elapsed())
    }

    fn tick(&self) {
        self.roster.lock().tick(self.now());
    }
}

impl Workers {
    fn prepared(&self, filter: &Filter) -> Arc<Candidates> {
        let find = |prepared: &[(Filter, Arc<Candidates>)]| {
            prepared.iter().find(|(known, _)| known == filter).map(|(_, candidates)| Arc::clone(candidates))
        };
        if let Some(candidates) = find(&self.prepared.load()) {
            return candidates;
        }
        let candidates = Arc::new(Candidates::matching(&self.all, filter, &CandidateOptions::default()));
        self.prepared.rcu(|prepared| {
            let kept = prepared.iter().rev().take(PREPARED_MAX - 1).rev().cloned();
            kept.chain([(filter.clone(), Arc::clone(&candidates))]).collect::<Vec<_>>()
        });
        candidates
    }
}

impl Default for Workers {
    fn default() -> Self {
        Self { all: Arc::new([]), prepared: ArcSwap::default() }
    }
}

impl fmt::Debug for WorkerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerRegistry").field("workers", &self.shared.workers.load().all).finish_non_exhaustive()
    }
}

/// Processes must not make the same choices; which, matters to nobody.
fn seed(cluster: &ClusterMembership) -> u64 {
    affinity_key(cluster.local_node_id().as_str())
}

/// Filters that a program makes up as it goes are prepared again and again; those that it uses all the time stay.
const PREPARED_MAX: usize = 32;
