//! The nodes that do the work, and what this node has experienced with each.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::filter::{Filter, FilterError, IntoFilter};
use crate::{ClusterEvent, ClusterMembership, Events, Node, NodeId, Tags};

/// The workers of a cluster: the members that a filter names, by default those with the tag `role=worker`.
///
/// [`start`](Self::start) it once; from then on it follows the cluster, and every question is answered at once from an
/// immutable list that is swapped when something changes. Selecting takes no lock. Cloning is cheap.
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
    workers: ArcSwap<Vec<Worker>>,
    /// What was experienced with each node, also while it is away. Bounded by the view.
    experience: Mutex<HashMap<NodeId, Arc<Experience>>>,
    started: AtomicBool,
}

/// One worker: what it publishes, and what this node has experienced with it. Cloning is cheap.
#[derive(Clone)]
pub struct Worker {
    node: Arc<Node>,
    experience: Arc<Experience>,
}

/// What this process has experienced with one node.
struct Experience {
    active: AtomicUsize,
    /// When this was made; `failing_until_ms` counts from then.
    since: Instant,
    /// Until when the node counts as failing, in milliseconds; 0 for not at all.
    failing_until_ms: AtomicU64,
}

/// Counts a call to a worker for as long as it exists: see [`Worker::begin_call`].
#[must_use = "the call counts as ended when this is dropped"]
pub struct CallGuard(Arc<Experience>);

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

    /// The registry of all members that `filter` names.
    pub fn with_workers(cluster: ClusterMembership, filter: Filter) -> Self {
        let (workers, experience, started) = (ArcSwap::default(), Mutex::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { cluster, filter, workers, experience, started });
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
        self.shared.workers.load().to_vec()
    }

    /// How many workers count as members.
    pub fn worker_count(&self) -> usize {
        self.shared.workers.load().len()
    }

    /// How many of them are healthy.
    pub fn healthy_count(&self) -> usize {
        self.shared.workers.load().iter().filter(|worker| worker.is_healthy()).count()
    }

    /// A worker that `filter` names: the first healthy one; if there is none, the first degraded one; then any.
    ///
    /// Workers that are draining come last.
    ///
    /// # Errors
    ///
    /// The text is no filter, or no worker matches it.
    pub fn select_worker(&self, filter: impl IntoFilter) -> Result<Worker, SelectError> {
        let filter = filter.into_filter()?;
        let workers = self.shared.workers.load();
        let matching = workers.iter().filter(|worker| filter.matches(worker.tags()));
        match matching.min_by_key(|worker| worker.rank()) {
            Some(worker) => Ok(worker.clone()),
            None => Err(SelectError::NoMatch { filter, workers: workers.len() }),
        }
    }

    /// Says that a call to this worker has failed: for five seconds others are preferred, or until the cluster has seen
    /// it recover. Membership itself is not told: a worker that refuses calls can still be alive.
    pub fn report_failure(&self, id: &NodeId) {
        if let Some(experience) = self.shared.experience.lock().get(id) {
            experience.fail();
        }
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
        let mut experience = self.experience.lock();
        let view = self.cluster.view();
        let live = view.live().filter(|node| self.filter.matches(&node.tags));
        let workers = live.map(|node| Worker {
            node: Arc::clone(node),
            experience: Arc::clone(experience.entry(node.id.clone()).or_default()),
        });
        let workers = workers.collect();
        if experience.len() > 2 * view.nodes().len() + 64 {
            experience.retain(|id, experience| Arc::strong_count(experience) > 1 || view.get(id).is_some());
        }
        self.workers.store(Arc::new(workers));
    }

    fn forgive(&self, id: &NodeId) {
        if let Some(experience) = self.experience.lock().get(id) {
            experience.failing_until_ms.store(0, Ordering::Relaxed);
        }
    }
}

impl Worker {
    /// The node's name.
    pub fn id(&self) -> &NodeId {
        &self.node.id
    }

    /// What people call it: its tag `label`, or its name.
    pub fn label(&self) -> &str {
        self.node.tags.get("label").unwrap_or(self.node.id.as_str())
    }

    /// Where it takes calls.
    pub fn addr(&self) -> SocketAddr {
        self.node.addr()
    }

    /// What it says about itself.
    pub fn tags(&self) -> &Tags {
        &self.node.tags
    }

    /// The node that it is.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// How many calls this process has under way to it.
    pub fn active_connections(&self) -> usize {
        self.experience.active.load(Ordering::Relaxed)
    }

    /// How much it can take, in units of its own: its tag `capacity`, or 1.
    pub fn capacity(&self) -> u32 {
        self.node.tags.get("capacity").and_then(|capacity| capacity.parse().ok()).unwrap_or(1)
    }

    /// Whether it is alive, says that it is well, and no call to it was reported to have failed in the last seconds.
    pub fn is_healthy(&self) -> bool {
        self.node.is_healthy() && !self.experience.is_failing()
    }

    /// Whether it counts as a member, but is suspected, says that it is not well, or was reported.
    pub fn is_degraded(&self) -> bool {
        !self.is_healthy()
    }

    /// Counts a call to it, until the guard is dropped.
    pub fn begin_call(&self) -> CallGuard {
        self.experience.active.fetch_add(1, Ordering::Relaxed);
        CallGuard(Arc::clone(&self.experience))
    }

    /// Lower is better.
    fn rank(&self) -> u8 {
        match () {
            () if self.node.draining => 3,
            () if self.experience.is_failing() => 2,
            () if self.node.is_degraded() => 1,
            () => 0,
        }
    }
}

impl Experience {
    fn fail(&self) {
        let until = self.since.elapsed() + FAILURE_KEPT;
        self.failing_until_ms.store(until.as_millis() as u64, Ordering::Relaxed);
    }

    fn is_failing(&self) -> bool {
        match self.failing_until_ms.load(Ordering::Relaxed) {
            // The usual case asks no clock.
            0 => false,
            until => (self.since.elapsed().as_millis() as u64) < until,
        }
    }
}

impl Default for Experience {
    fn default() -> Self {
        Self { active: AtomicUsize::new(0), since: Instant::now(), failing_until_ms: AtomicU64::new(0) }
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for WorkerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerRegistry").field("workers", &self.shared.workers.load()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("id", self.id())
            .field("addr", &self.addr())
            .field("active_connections", &self.active_connections())
            .field("is_healthy", &self.is_healthy())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CallGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallGuard")
    }
}

/// Long enough for the failure detector to say what was the matter.
const FAILURE_KEPT: Duration = Duration::from_secs(5);
