//! One worker: what it publishes, and what this process has experienced with it.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use super::{
    call::{BorrowedCall, CallGuard, TimedCall},
    experience::{Experience, Standing},
    info::WorkerInfo,
    load::LoadReport,
    random::affinity_key,
};
use crate::{NodeId, Tags, membership::Time};

/// One worker: what it publishes, and what this process has experienced with it. Cloning is cheap.
///
/// What it publishes is a picture of a moment; a new one makes a new `Worker`. What was experienced with it is shared by all
/// of them, and never waits: counters, averages and states are atomics.
#[derive(Clone)]
pub struct Worker(Arc<Published>);

struct Published {
    info: WorkerInfo,
    capacity: u32,
    key: u64,
    experience: Arc<Experience>,
}

impl Worker {
    pub(crate) fn new(info: WorkerInfo, experience: Arc<Experience>) -> Self {
        let capacity = info.tags.get("capacity").and_then(|capacity| capacity.parse().ok()).unwrap_or(1).max(1);
        let key = affinity_key(info.id.as_str());
        Self(Arc::new(Published { info, capacity, key, experience }))
    }

    /// Its name.
    pub fn id(&self) -> &NodeId {
        &self.0.info.id
    }

    /// What people call it: its tag `label`, or its name.
    pub fn label(&self) -> &str {
        self.tags().get("label").unwrap_or(self.id().as_str())
    }

    /// Where it takes calls.
    pub fn addr(&self) -> SocketAddr {
        self.0.info.addr
    }

    /// What it says about itself.
    pub fn tags(&self) -> &Tags {
        &self.0.info.tags
    }

    /// Where it stands: its tag `zone`.
    pub fn zone(&self) -> Option<&str> {
        self.tags().get("zone")
    }

    /// What its source says about it.
    pub fn info(&self) -> &WorkerInfo {
        &self.0.info
    }

    /// How much it can take, in units of its own: what it reported last, or its tag `capacity`, or 1; at least 1.
    pub fn capacity(&self) -> u32 {
        self.0.experience.reported.capacity().unwrap_or(self.0.capacity)
    }

    /// How many calls this process has under way to it, streams among them.
    pub fn active_connections(&self) -> usize {
        self.0.experience.in_flight() as usize
    }

    /// How many calls of other callers it had under way when it answered last. If it has not answered for three seconds, or says
    /// nothing with its answers, by what its source says.
    pub fn calls_of_others(&self) -> usize {
        self.0.experience.reported.last_others() as usize
    }

    /// How long a call waits there before its handler starts, by the worker's last report. For people: no strategy uses it.
    pub fn queue_delay(&self) -> Duration {
        self.0.experience.reported.queue_delay()
    }

    /// Whether nothing is known against it: it is not suspected, says that it is well and wants work, its breaker is closed,
    /// it is not ejected, and nobody reported it in the last seconds. By the last time that its [`Roster`](super::Roster) was
    /// told, by any of its workers or candidates.
    pub fn is_healthy(&self) -> bool {
        self.standing(self.0.experience.pool.now()) == Standing::Ready
    }

    /// Whether it is there, but something is known against it.
    pub fn is_degraded(&self) -> bool {
        !self.is_healthy()
    }

    /// Whether it finishes what it does and wants no new work, by what it published or reported last.
    pub fn is_draining(&self) -> bool {
        self.0.info.draining || self.0.experience.drains()
    }

    /// Counts a call to it, until the guard is dropped. For calls that may last: streams, subscriptions.
    pub fn begin_call(&self) -> CallGuard {
        CallGuard::new(Arc::clone(&self.0.experience))
    }

    /// Counts a call to it whose answer is waited for, and learns from its [`end`](TimedCall::end). A worker that answers
    /// none of these looks slower with every moment, long before the first of them times out.
    pub fn begin_timed_call(&self, now: Time) -> TimedCall {
        TimedCall::new(Arc::clone(&self.0.experience), now)
    }

    /// The same without holding the worker.
    pub(crate) fn begin_borrowed_call(&self, now: Time) -> BorrowedCall<'_> {
        BorrowedCall::new(&self.0.experience, now)
    }

    /// Takes what it says about its load, at this moment: what is older than calls take does more harm than good. Calls of
    /// this process that it counts are not counted twice; what others have there is believed less with each second. A
    /// [`ClusterClient`](crate::ClusterClient) needs nobody to do this: rpcnet's servers tell it with their answers.
    pub fn report_load(&self, now: Time, report: &LoadReport) {
        self.0.experience.report(now, report);
    }

    /// Says that a call to it has failed in a way that [`TimedCall`] did not see: for five seconds others are preferred, or
    /// until it is forgiven.
    pub fn report_failure(&self, now: Time) {
        self.0.experience.pool.tell(now);
        self.0.experience.blame(now);
    }

    /// Takes back what [`report_failure`](Self::report_failure) said.
    pub fn forgive(&self) {
        self.0.experience.forgive();
    }

    pub(crate) fn experience(&self) -> &Arc<Experience> {
        &self.0.experience
    }

    /// The hash of its name.
    pub(crate) fn key(&self) -> u64 {
        self.0.key
    }

    pub(crate) fn standing(&self, now: Time) -> Standing {
        self.0.experience.standing(self.0.info.standing(), now)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("id", self.id())
            .field("addr", &self.addr())
            .field("active_connections", &self.active_connections())
            .finish_non_exhaustive()
    }
}
