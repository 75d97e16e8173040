//! What a driver and the handles of its cluster share.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, watch};

use crate::{ClusterEvent, DatagramCounters, Keyring, NodeId, Tags, View};

/// What a driver and the handles of its cluster share. The driver writes the view; the handles write `wanted`.
pub(crate) struct Shared {
    pub(crate) local: NodeId,
    pub(crate) gossip_addr: SocketAddr,
    view: ArcSwap<View>,
    /// The driver has the strong one: when it ends, so do the subscriptions.
    events: broadcast::WeakSender<ClusterEvent>,
    /// The version of the view, for those who wait for it to change.
    changed: watch::Sender<u64>,
    pub(crate) joined: watch::Sender<bool>,
    /// The driver has ended.
    pub(crate) ended: watch::Sender<bool>,
    wanted: Mutex<Wanted>,
    /// `wanted` has changed.
    pub(crate) woken: Notify,
    pub(crate) counters: Mutex<DatagramCounters>,
}

/// What the program wants its own node to be; the driver follows.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) tags: Tags,
    pub(crate) degraded: bool,
    /// Parts of the program that are not well.
    pub(crate) unwell: BTreeSet<String>,
    pub(crate) draining: bool,
    pub(crate) keyring: Option<Keyring>,
}

impl Shared {
    pub(crate) fn new(
        local: NodeId,
        gossip_addr: SocketAddr,
        view: View,
        wanted: Wanted,
        events: &broadcast::Sender<ClusterEvent>,
    ) -> Self {
        Self {
            local,
            gossip_addr,
            changed: watch::Sender::new(view.version()),
            view: ArcSwap::from_pointee(view),
            events: events.downgrade(),
            joined: watch::Sender::new(false),
            ended: watch::Sender::new(false),
            wanted: Mutex::new(wanted),
            woken: Notify::new(),
            counters: Mutex::default(),
        }
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Shows a new view.
    pub(crate) fn publish(&self, view: View) {
        let version = view.version();
        self.view.store(Arc::new(view));
        self.changed.send_replace(version);
    }

    /// A subscription from now on; one that has ended if the driver has.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<ClusterEvent> {
        match self.events.upgrade() {
            Some(events) => events.subscribe(),
            None => broadcast::channel(1).1,
        }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn wanted(&self) -> Wanted {
        self.wanted.lock().clone()
    }

    /// Changes what is wanted, unless the change fails, and wakes the driver.
    pub(crate) fn want<T, E>(&self, change: impl FnOnce(&mut Wanted) -> Result<T, E>) -> Result<T, E> {
        let result = change(&mut self.wanted.lock());
        if result.is_ok() {
            self.woken.notify_one();
        }
        result
    }
}
