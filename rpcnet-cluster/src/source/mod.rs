//! Where workers come from: gossip, a list, the name service, or whatever else knows.

mod dns;
mod fixed;
mod gossip;

use std::future::Future;

use tokio::sync::watch;

pub use dns::DnsWorkers;
pub use fixed::StaticWorkers;

use crate::balance::WorkerInfo;

/// Knows the workers of a cluster, and tells a [`ClusterClient`](crate::ClusterClient) about them.
///
/// [`ClusterMembership`](crate::ClusterMembership) is one, and so are [`WorkerRegistry`](crate::WorkerRegistry), [`StaticWorkers`] and
/// [`DnsWorkers`]. One's own (a platform's API, a file that is watched) is a loop that sets what it finds:
///
/// ```
/// use rpcnet_cluster::{WorkerInfo, WorkerSource, WorkerUpdates};
///
/// struct Fleet(tokio::sync::watch::Receiver<Vec<std::net::SocketAddr>>);
///
/// impl WorkerSource for Fleet {
///     async fn run(mut self, workers: WorkerUpdates) {
///         loop {
///             let addrs = self.0.borrow_and_update().clone();
///             workers.set(addrs.into_iter().map(WorkerInfo::at));
///             if self.0.changed().await.is_err() {
///                 return;
///             }
///         }
///     }
/// }
/// ```
pub trait WorkerSource: Send + 'static {
    /// Tells the workers, and again whenever they change. Dropped when the client is; when it returns, what it said last
    /// stays.
    ///
    /// Calls wait until it has said something for the first time, so it should do that soon, be it that there is nobody.
    fn run(self, workers: WorkerUpdates) -> impl Future<Output = ()> + Send;
}

/// Where a [`WorkerSource`] leaves what it knows.
#[derive(Debug)]
pub struct WorkerUpdates(watch::Sender<Option<Vec<WorkerInfo>>>);

/// The other end.
pub(crate) type KnownWorkers = watch::Receiver<Option<Vec<WorkerInfo>>>;

impl WorkerUpdates {
    pub(crate) fn new() -> (Self, KnownWorkers) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), receiver)
    }

    /// These are all workers now. Of two with one name, the first counts.
    pub fn set(&self, workers: impl IntoIterator<Item = WorkerInfo>) {
        let mut workers: Vec<_> = workers.into_iter().collect();
        workers.sort_by(|one, other| one.id.cmp(&other.id));
        workers.dedup_by(|one, other| one.id == other.id);
        self.0.send_if_modified(|known| {
            let changed = known.as_ref() != Some(&workers);
            if changed {
                *known = Some(workers);
            }
            changed
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing_is_no_news_and_of_two_with_one_name_the_first_counts() {
        let (updates, mut known) = WorkerUpdates::new();
        let info = |port: u16| WorkerInfo::at(([127, 0, 0, 1], port).into());
        let mut twin = info(1);
        twin.draining = true;
        updates.set([info(2), info(1), twin]);
        assert_eq!(known.borrow_and_update().as_deref(), Some(&[info(1), info(2)][..]));
        updates.set([info(1), info(2)]);
        assert!(!known.has_changed().expect("it lives"));
        updates.set([]);
        assert!(known.has_changed().expect("it lives"));
    }
}
