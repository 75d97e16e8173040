//! The workers that one filter names, as calls see them: a picture that is swapped when something changes.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use rpcnet::{__channel::DirectConnection, ErrorKind, Executed, RpcError};
use tokio::sync::watch;

use super::{link::LinkState, resilience::Resilience};
use crate::{
    Filter,
    balance::{Balancer, CandidateOptions, Candidates, PickRequest, Tried, Worker},
};

/// One for each filter in use.
pub(super) struct Group {
    pub(super) filter: Filter,
    /// What its workers bear: others may do well while they do not.
    pub(super) resilience: Resilience,
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
    /// Those of them whose connection is being made, for the first time or for the first time after a loss.
    pub(super) connecting: Vec<Worker>,
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
    pub(super) fn new(filter: Filter, resilience: Resilience) -> Self {
        let candidates = Candidates::new([], &CandidateOptions::default());
        let picture = Picture { candidates, members: Box::default(), prospect: Prospect::default() };
        Self { filter, resilience, picture: ArcSwap::from_pointee(picture), changed: watch::Sender::new(0) }
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
                LinkState::Idle | LinkState::Connecting | LinkState::Up(_) => prospect.connecting.push(worker.clone()),
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
    /// What a call may hope for that is not to be sent to those in `tried`, if these are connected, and open or not any more.
    fn outlook<'a>(&self, connected: impl Iterator<Item = (&'a Worker, bool)>, tried: &Tried) -> Outlook {
        let mut expected = !self.known || self.connecting.iter().any(|worker| !tried.contains(worker));
        for (_, is_open) in connected.filter(|(worker, _)| !tried.contains(worker)) {
            if is_open {
                return Outlook::Open;
            }
            // It is being connected to again, which the picture does not show yet.
            expected = true;
        }
        if expected { Outlook::Changing } else { Outlook::Hopeless }
    }

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
        let connected = self.members.iter().map(|member| (&member.worker, member.connection.is_open()));
        self.prospect.outlook(connected, tried)
    }

    /// Whether the call may as well go to another one than this.
    pub(super) fn has_other(&self, picked: &Picked, request: &PickRequest<'_>) -> bool {
        let others = self.members.iter().filter(|other| other.worker.id() != picked.worker.id());
        let mut takers = others.filter(|other| other.connection.is_open());
        takers.any(|other| self.candidates.is_eligible(&other.worker, request))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        balance::{Roster, WorkerInfo},
        membership::Time,
    };

    #[test]
    fn a_call_hopes_for_those_that_it_was_not_sent_to_and_for_nobody_else() {
        let infos = [1, 2].map(|port| WorkerInfo::at(([127, 0, 0, 1], port).into()));
        let workers = Roster::new(1).update(Time::ZERO, infos);
        let [lost, other] = &*workers else { unreachable!("two were given") };
        let mut tried = Tried::default();
        tried.insert(lost);
        let connecting = |workers: &[&Worker]| Prospect {
            known: true,
            connecting: workers.iter().copied().cloned().collect(),
            ..Prospect::default()
        };
        let check = |prospect: &Prospect, connected: &[(&Worker, bool)], expected| {
            assert_eq!(prospect.outlook(connected.iter().copied(), &tried), expected, "{prospect:?} {connected:?}");
        };
        check(&connecting(&[]), &[(lost, true), (other, true)], Outlook::Open);
        check(&connecting(&[]), &[(lost, true), (other, false)], Outlook::Changing);
        check(&connecting(&[other]), &[(lost, true)], Outlook::Changing);
        check(&connecting(&[]), &[(lost, true)], Outlook::Hopeless);
        check(&connecting(&[lost]), &[], Outlook::Hopeless);
        check(&connecting(&[]), &[(lost, false)], Outlook::Hopeless);
        check(&Prospect::default(), &[], Outlook::Changing);
    }
}
