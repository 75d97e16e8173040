//! What a cluster client, its channels and its tasks have in common.

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rpcnet::ClientConfig;
use tokio::{sync::Notify, task::AbortHandle, time::Instant};

use super::{
    builder::Settings,
    group::Group,
    hedges::Hedges,
    observer::{Observer, WorkerEvent},
    resilience::Resilience,
};
use crate::{Filter, balance::Worker, membership::Time};

/// One for a client and all its channels; dropping the last of them ends its tasks.
pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
    pub(super) keeper: AbortHandle,
    pub(super) source: AbortHandle,
}

/// What the client's tasks see of it.
pub(super) struct Shared {
    pub(super) config: ClientConfig,
    pub(super) settings: Settings,
    /// `None` where calls are not hedged.
    pub(super) hedges: Option<Hedges>,
    pub(super) clock: Clock,
    /// All workers, as the source told them last.
    pub(super) workers: ArcSwap<Vec<Worker>>,
    groups: ArcSwap<HashMap<Filter, Arc<Group>>>,
    /// Held by whoever changes the groups.
    editing: Mutex<()>,
    /// There is a group that no picture was made for.
    pub(super) group_added: Notify,
}

/// Tells the time that balancing goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Instant,
}

impl Clock {
    pub(super) fn time(self, at: Instant) -> Time {
        Time::since_start(at.saturating_duration_since(self.started))
    }
}

impl Shared {
    pub(super) fn new(config: ClientConfig, settings: Settings) -> Self {
        Self {
            hedges: settings.hedge_share.map(Hedges::new),
            config,
            settings,
            clock: Clock { started: Instant::now() },
            workers: ArcSwap::default(),
            groups: ArcSwap::default(),
            editing: Mutex::default(),
            group_added: Notify::new(),
        }
    }

    /// The time that balancing goes by.
    pub(super) fn now(&self) -> Time {
        self.time(Instant::now())
    }

    pub(super) fn time(&self, at: Instant) -> Time {
        self.clock.time(at)
    }

    pub(super) fn observer(&self) -> Option<&dyn Observer> {
        self.settings.observer.as_deref()
    }

    pub(super) fn tell_worker(&self, event: &WorkerEvent<'_>) {
        if let Some(observer) = self.observer() {
            observer.on_worker(event);
        }
    }

    /// The group of the workers that `filter` names, for one call: one that is known is found without a lock, as long as there
    /// are so few that none is forgotten.
    pub(super) fn group_for_call(&self, filter: Filter) -> Arc<Group> {
        let groups = self.groups.load();
        match groups.get(&filter) {
            // These groups are held here, so that whoever forgets others later sees that somebody holds this one.
            Some(group) if groups.len() < GROUPS_KEPT => Arc::clone(group),
            _ => self.group(filter),
        }
    }

    /// The same for as long as it is held.
    pub(super) fn group(&self, filter: Filter) -> Arc<Group> {
        // Under the lock, so that no group is forgotten between being found and being held.
        let _editing = self.editing.lock();
        let groups = self.groups.load();
        if let Some(group) = groups.get(&filter) {
            return Arc::clone(group);
        }
        let forget = groups.len() >= GROUPS_KEPT;
        // Filters that come from requests must not gather for ever.
        let kept = groups.iter().filter(|(_, group)| !forget || Arc::strong_count(group) > 1);
        let mut edited: HashMap<_, _> = kept.map(|(filter, group)| (filter.clone(), Arc::clone(group))).collect();
        let resilience = Resilience::new(&self.settings.resilience, super::random());
        let group = Arc::new(Group::new(filter.clone(), resilience));
        edited.insert(filter, Arc::clone(&group));
        self.groups.store(Arc::new(edited));
        self.group_added.notify_one();
        group
    }

    pub(super) fn groups(&self) -> Arc<HashMap<Filter, Arc<Group>>> {
        self.groups.load_full()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.source.abort();
        self.keeper.abort();
    }
}

/// Groups that are kept though no channel holds them: those of filters that calls name.
const GROUPS_KEPT: usize = 128;

/// How often failing workers are looked for.
pub(super) const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
