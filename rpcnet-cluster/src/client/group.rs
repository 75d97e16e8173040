//! The workers that one filter names, as calls see them: a picture that is swapped when something changes.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use rpcnet::{__channel::DirectConnection, ErrorKind, Executed, RpcError};
use tokio::sync::watch;

use super::link::LinkState;
use crate::{
    Filter,
    balance::{Balancer, CandidateOptions, Candidates, PickRequest, Tried, Worker},
};

/// One for each filter in use.
pub(super) struct Group {
    pub(super) filter: Filter,
    picture: ArcSwap<Picture>,
    /// The number of the picture, for those who wait for another one.
    changed: watch::Sender<u64>,
}

/// Who can be called at one moment.
pub(super) struct Picture {
    /// The workers that are connected.
    candidates: Candidates,
    /// The same with their connections, in the same order.
    members: Box<[Picked]>,
    pub(super) prospect: Prospect,
}

/// What there is to hope for beyond those that are connected.
#[derive(Clone, Debug, Default)]
pub(super) struct Prospect {
    /// The source has spoken.
    pub(super) known: bool,
    /// Workers that match.
    pub(super) matching: usize,
    /// Those of them whose first connection is being made.
    pub(super) connecting: usize,
    /// Why one of the others can't be reached.
    pub(super) failure: Option<RpcError>,
}

/// A worker that was picked: held as one, and for no longer than the call, so that what has left is let go.
pub(super) type Picked = Arc<Member>;

/// A worker, and the connection that leads there.
pub(super) struct Member {
    pub(super) worker: Worker,
    pub(super) connection: DirectConnection,
}

impl Group {
    /// A group about which nothing is known yet.
    pub(super) fn new(filter: Filter) -> Self {
        let candidates = Candidates::new([], &CandidateOptions::default());
        let picture = Picture { candidates, members: Box::default(), prospect: Prospect::default() };
        Self { filter, picture: ArcSwap::from_pointee(picture), changed: watch::Sender::new(0) }
    }

    /// Takes its workers as they are now, each with its link.
    pub(super) fn show<'a>(
        &self,
        workers: impl Iterator<Item = (&'a Worker, &'a LinkState)>,
        known: bool,
        options: &CandidateOptions,
    ) {
        let mut prospect = Prospect { known, ..Prospect::default() };
        let (mut connected, mut connections) = (Vec::new(), HashMap::new());
        for (worker, link) in workers {
            prospect.matching += 1;
            match link {
                LinkState::Up(connection) if connection.is_open() => {
                    connected.push(worker.clone());
                    connections.insert(worker.id(), connection);
                }
                LinkState::Idle | LinkState::Connecting | LinkState::Up(_) => prospect.connecting += 1,
                LinkState::Down(error) => prospect.failure = Some(error.clone()),
            }
        }
        let candidates = Candidates::new(connected, options);
        // A subset of the workers may be all that is used, in another order.
        let members = candidates.workers().iter().filter_map(|worker| {
            let connection = DirectConnection::clone(connections.get(worker.id())?);
            Some(Arc::new(Member { worker: worker.clone(), connection }))
        });
        let members = members.collect();
        self.picture.store(Arc::new(Picture { candidates, members, prospect }));
        self.changed.send_modify(|number| *number += 1);
    }

    /// The picture of the moment.
    pub(super) fn picture(&self) -> arc_swap::Guard<Arc<Picture>> {
        self.picture.load()
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// What a call may hope for that finds nobody to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// There is somebody after all.
    Open,
    /// There will be another picture soon.
    Changing,
    /// All have been asked, and nobody is expected.
    Hopeless,
}

impl Prospect {
    /// Why a call finds no worker.
    pub(super) fn error(&self, filter: &Filter) -> RpcError {
        let message = match (self.matching, &self.failure) {
            (0, _) => format!("no worker matches the filter `{filter}`: does one run, and has it these tags?"),
            (matching, Some(failure)) => {
                format!("none of the {matching} workers that match `{filter}` can be reached; one of them: {failure}")
            }
            (matching, None) => format!("none of the {matching} workers that match `{filter}` can be reached"),
        };
        RpcError::of_channel(ErrorKind::NoWorker, Executed::No, message)
    }
}

impl Picture {
    /// What a call may hope for that was at these workers.
    pub(super) fn outlook(&self, tried: &Tried) -> Outlook {
        let mut all_open = true;
        for member in &self.members {
            match member.connection.is_open() {
                true if !tried.contains(&member.worker) => return Outlook::Open,
                true => {}
                false => all_open = false,
            }
        }
        let expected = !self.prospect.known || self.prospect.connecting > 0 || !all_open;
        if expected { Outlook::Changing } else { Outlook::Hopeless }
    }

    pub(super) fn workers(&self) -> &[Worker] {
        self.candidates.workers()
    }

    /// The balancer's choice among those that were not tried; `None` if there are no others.
    pub(super) fn pick(&self, balancer: &dyn Balancer, request: &PickRequest<'_>) -> Option<Picked> {
        let mut worker = self.candidates.pick(balancer, request)?;
        if request.tried.contains(worker) {
            // Somebody's own balancer need not look at that.
            worker = self.candidates.workers().iter().find(|other| !request.tried.contains(other))?;
        }
        let index = self.candidates.workers().element_offset(worker)?;
        self.members.get(index).map(Arc::clone)
    }
}
