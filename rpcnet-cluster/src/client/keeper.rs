//! The task that keeps connections to all workers that somebody may call, and shows who can be called.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::{
    sync::{Notify, mpsc},
    task::AbortHandle,
    time::{MissedTickBehavior, interval},
};

use super::{
    group::Group,
    link::{LinkNews, LinkState, Linker, Place, WorkerListener},
    observer::WorkerEvent,
    shared::{SWEEP_INTERVAL, Shared},
};
use crate::{
    NodeId,
    balance::{OutlierDetector, Roster, Worker},
    source::KnownWorkers,
};

/// Owns what was experienced with each worker, and what leads there.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    known: KnownWorkers,
    roster: Roster,
    outliers: OutlierDetector,
    workers: Vec<Worker>,
    links: HashMap<NodeId, Link>,
    /// How many links there have been.
    epochs: u64,
    /// News that the observer has not heard yet.
    untold: Vec<LinkNews>,
    news: (mpsc::Sender<LinkNews>, mpsc::Receiver<LinkNews>),
}

/// What leads to one worker. Dropped, it gives the connection up: calls on it end, and no other begins.
struct Link {
    place: Place,
    /// It has a number of its own.
    epoch: u64,
    state: LinkState,
    /// Connections that were made. The first leads to the run that was known then; a later one may lead to the next run already,
    /// which the source has still to tell of.
    connections: usize,
    task: Option<AbortHandle>,
    hurry: Arc<Notify>,
}

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, known: KnownWorkers, roster: Roster) -> Self {
        let (workers, links, outliers) = (Vec::new(), HashMap::new(), OutlierDetector::default());
        let (untold, news) = (Vec::new(), mpsc::channel(NEWS_MAX));
        Self { shared, known, roster, outliers, workers, links, epochs: 0, untold, news }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        let mut sweep = interval(SWEEP_INTERVAL);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shared = Arc::clone(&self.shared);
        let mut source_lives = true;
        loop {
            tokio::select! {
                changed = self.known.changed(), if source_lives => match changed {
                    Ok(()) => self.follow_source(),
                    // It has said its last; that stays.
                    Err(_) => { source_lives = false; continue; }
                },
                Some(news) = self.news.1.recv() => {
                    let mut changes = self.follow(news);
                    while let Ok(news) = self.news.1.try_recv() {
                        changes |= self.follow(news);
                    }
                    if !changes { self.tell(); continue; }
                }
                () = shared.group_added.notified() => {}
                _ = sweep.tick() => { self.sweep(); continue; }
            }
            self.arrange();
            self.tell();
        }
    }

    /// Takes what the source says now.
    fn follow_source(&mut self) {
        let infos = self.known.borrow_and_update().clone().unwrap_or_default();
        let mut old = std::mem::take(&mut self.links);
        for info in &infos {
            let place = Place::of(info);
            let link = match old.remove(&info.id) {
                Some(link) if link.place == place => link,
                before => {
                    if let Some(link) = before.filter(|link| link.is_of_a_run_before(&place)) {
                        link.end();
                    }
                    Link::new(place, &mut self.epochs)
                }
            };
            let before = self.workers.binary_search_by(|worker| worker.id().cmp(&info.id));
            if before.is_ok_and(|index| self.workers[index].info().suspect && !info.suspect) {
                // Somebody has heard from it.
                link.hurry.notify_one();
            }
            self.links.insert(info.id.clone(), link);
        }
        for (id, link) in old {
            tracing::debug!(worker = %id, "a worker is gone");
            self.shared.tell_worker(&WorkerEvent::Gone { worker: &id });
            drop(link);
        }
        self.workers = self.roster.update(self.shared.now(), infos).to_vec();
        self.shared.workers.store(Arc::new(self.workers.clone()));
    }

    /// Takes what has become of a link, and says whether calls may have to know: the same failure once more is no news.
    fn follow(&mut self, news: LinkNews) -> bool {
        let Some(link) = self.links.get_mut(&news.worker).filter(|link| link.epoch == news.epoch) else {
            return false;
        };
        let changes = match (&link.state, &news.state) {
            (LinkState::Down(before), LinkState::Down(now)) => before.to_string() != now.to_string(),
            _ => true,
        };
        if matches!(news.state, LinkState::Up(_)) {
            if link.connections > 0
                && let Ok(index) = self.workers.binary_search_by(|worker| worker.id().cmp(&news.worker))
            {
                self.workers[index].experience().on_reconnect(self.shared.now());
            }
            link.connections += 1;
        }
        link.state = news.state.clone();
        if self.shared.observer().is_some() {
            self.untold.push(news);
        }
        changes
    }

    /// Tells the observer what every group has been shown by now.
    fn tell(&mut self) {
        for LinkNews { worker, state, .. } in self.untold.drain(..) {
            let worker = &worker;
            self.shared.tell_worker(&match &state {
                LinkState::Up(_) => WorkerEvent::Connected { worker },
                LinkState::Down(error) => WorkerEvent::Unreachable { worker, error },
                LinkState::Connecting | LinkState::Idle => WorkerEvent::Disconnected { worker },
            });
        }
    }

    /// Begins to connect to the workers that some group is to call, lets go of the others, and shows every group who can be
    /// called.
    fn arrange(&mut self) {
        let groups = self.shared.groups();
        let members: Vec<_> = groups.values().map(|group| (group, self.members(group))).collect();
        let wanted: HashSet<_> = members.iter().flat_map(|(_, workers)| workers).map(Worker::id).collect();
        for worker in &self.workers {
            match self.links.get_mut(worker.id()) {
                Some(link) if link.task.is_none() && wanted.contains(worker.id()) => {
                    link.begin(worker, &self.shared, &self.news.0)
                }
                Some(link) if link.task.is_some() && !wanted.contains(worker.id()) => {
                    tracing::debug!(worker = %worker.id(), "no filter or subset has it any more");
                    let fresh = Link::new(link.place.clone(), &mut self.epochs);
                    let given_up = std::mem::replace(link, fresh);
                    if let LinkState::Up(_) = given_up.state {
                        let (worker, epoch) = (worker.id().clone(), given_up.epoch);
                        self.untold.push(LinkNews { worker, epoch, state: LinkState::Idle });
                    }
                }
                _ => {}
            }
        }
        let known = self.known.borrow().is_some();
        for (group, workers) in &members {
            let links = workers.iter().filter_map(|worker| Some((worker, &self.links.get(worker.id())?.state)));
            group.show(links, known, &self.shared.settings.candidates);
        }
    }

    /// The workers that a group is to call.
    fn members(&self, group: &Group) -> Vec<Worker> {
        let mut members: Vec<_> =
            self.workers.iter().filter(|worker| group.filter.matches(worker.tags())).cloned().collect();
        if let Some(subset) = &self.shared.settings.candidates.subset {
            subset.apply(&mut members);
        }
        members
    }

    /// Looks for workers that fail more than the others.
    fn sweep(&mut self) {
        let now = self.shared.now();
        self.roster.tick(now);
        for worker in self.outliers.sweep(now, &self.workers) {
            tracing::info!(worker = %worker.id(), "it fails more than the others, and gets no calls for a while");
            self.shared.tell_worker(&WorkerEvent::Ejected { worker: worker.id() });
        }
    }
}

impl Link {
    fn new(place: Place, epochs: &mut u64) -> Self {
        *epochs += 1;
        Self { place, epoch: *epochs, state: LinkState::Idle, connections: 0, task: None, hurry: Arc::default() }
    }

    /// Begins to connect.
    fn begin(&mut self, worker: &Worker, shared: &Shared, news: &mpsc::Sender<LinkNews>) {
        let linker = Linker {
            place: self.place.clone(),
            epoch: self.epoch,
            config: shared.config.clone(),
            connect_timeout: shared.settings.connect_timeout,
            listener: Arc::new(WorkerListener { worker: worker.clone(), clock: shared.clock }),
            news: news.clone(),
            hurry: Arc::clone(&self.hurry),
        };
        self.state = LinkState::Connecting;
        self.task = Some(tokio::spawn(linker.run()).abort_handle());
    }

    /// Whether it leads to a run that is over, now that another one is known to be at `place`.
    fn is_of_a_run_before(&self, place: &Place) -> bool {
        self.connections == 1 && self.place.is_outlived_by(place)
    }

    /// The run that it leads to is over. Calls that wait for it need not wait until its silence is noticed.
    fn end(self) {
        if let LinkState::Up(connection) = &self.state {
            connection.close(&super::restarted(&self.place.id));
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        if let LinkState::Up(connection) = &self.state {
            connection.leave();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // No channel is left, and no call that could want them.
        self.links.clear();
    }
}

/// Links wait for their turn beyond it.
const NEWS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use rpcnet::{ClientConfig, ErrorKind, Executed, RpcError};

    use super::*;
    use crate::{Filter, WorkerInfo, client::builder::Settings, source::WorkerUpdates};

    #[tokio::test]
    async fn what_a_link_has_said_that_was_given_up_is_not_taken_for_news_of_the_next_one() {
        let config = ClientConfig::development().build().expect("valid");
        let shared = Arc::new(Shared::new(config, Settings::default()));
        let (updates, known) = WorkerUpdates::new();
        let mut keeper = Keeper::new(Arc::clone(&shared), known, Roster::new(1));
        let _group = shared.group(Filter::any());
        let info = WorkerInfo::at(([127, 0, 0, 1], 9).into());
        let mut epochs = Vec::new();
        // It comes, goes, and comes back.
        for known in [true, false, true] {
            updates.set(known.then(|| info.clone()));
            keeper.follow_source();
            keeper.arrange();
            epochs.extend(keeper.links.get(&info.id).map(|link| link.epoch));
        }
        let [first, second] = epochs[..] else { panic!("it was known twice: {epochs:?}") };
        let news = |epoch| {
            let error = RpcError::of_channel(ErrorKind::Connection, Executed::No, "test");
            LinkNews { worker: info.id.clone(), epoch, state: LinkState::Down(error) }
        };
        assert!(!keeper.follow(news(first)));
        assert!(keeper.follow(news(second)));
    }
}
