//! What the cluster client tells: which worker was asked when, and who is connected.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use rpcnet_cluster::{AttemptEvent, AttemptResult, NodeId, Observer, WorkerEvent};

/// Counts attempts for each worker. Clones count together.
#[derive(Clone)]
pub(crate) struct Sights {
    since: Instant,
    workers: Arc<[(NodeId, Counters)]>,
    attempts: Arc<AtomicU64>,
}

/// What is known of one worker.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    answered: AtomicU64,
    /// Attempts that were lost with it, or cancelled because another worker was faster.
    wasted: AtomicU64,
    /// When an attempt was begun last, in microseconds.
    last_us: AtomicU64,
    /// An index of [`LINKS`].
    link: AtomicUsize,
}

impl Sights {
    /// `since` is where the clock of all figures starts.
    pub(crate) fn new(since: Instant, workers: Vec<NodeId>) -> Self {
        let workers = workers.into_iter().map(|id| (id, Counters::default())).collect();
        Self { since, workers, attempts: Arc::default() }
    }

    /// All attempts that have ended.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Relaxed)
    }

    pub(crate) fn workers(&self) -> &[(NodeId, Counters)] {
        &self.workers
    }

    fn of(&self, id: &NodeId) -> Option<&Counters> {
        self.workers.iter().find(|(other, _)| other == id).map(|(_, counters)| counters)
    }
}

impl Counters {
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Relaxed)
    }

    pub(crate) fn wasted(&self) -> u64 {
        self.wasted.load(Relaxed)
    }

    /// When the last attempt that has ended was begun.
    pub(crate) fn last_begun(&self) -> Duration {
        Duration::from_micros(self.last_us.load(Relaxed))
    }

    pub(crate) fn link(&self) -> &'static str {
        LINKS[self.link.load(Relaxed)]
    }
}

impl Observer for Sights {
    fn on_attempt(&self, attempt: &AttemptEvent<'_>) {
        self.attempts.fetch_add(1, Relaxed);
        let Some(counters) = self.of(attempt.worker) else { return };
        let begun = self.since.elapsed().saturating_sub(attempt.elapsed);
        counters.last_us.fetch_max(begun.as_micros() as u64, Relaxed);
        let count =
            if matches!(attempt.result, AttemptResult::Answered) { &counters.answered } else { &counters.wasted };
        count.fetch_add(1, Relaxed);
    }

    fn on_worker(&self, event: &WorkerEvent<'_>) {
        let (worker, link) = match event {
            WorkerEvent::Connected { worker, .. } => (worker, 1),
            WorkerEvent::Disconnected { worker, .. } => (worker, 2),
            WorkerEvent::Unreachable { worker, .. } => (worker, 3),
            WorkerEvent::Gone { worker, .. } => (worker, 4),
            WorkerEvent::Ejected { worker, .. } => (worker, 5),
            _ => return,
        };
        if let Some(counters) = self.of(worker) {
            counters.link.store(link, Relaxed);
        }
    }
}

const LINKS: [&str; 6] = ["none yet", "connected", "lost", "unreachable", "gone", "ejected"];
