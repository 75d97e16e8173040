//! One caller: what ships, put together as a client would.

use std::{net::SocketAddr, sync::Arc};

use super::{
    system::{OwnCounts, System},
    workers::SimulatedWorker,
};
use crate::{
    balance::{
        Balancer, CandidateOptions, Candidates, Hedging, LoadReport, OutlierDetector, PickRequest, RetryBudget, Roster,
        Tried, Worker, WorkerInfo,
    },
    membership::{Random, Time},
};

pub(crate) struct Caller {
    roster: Roster,
    infos: Vec<WorkerInfo>,
    workers: Arc<[Worker]>,
    candidates: Candidates,
    system: System,
    pub(crate) budget: RetryBudget,
    pub(crate) hedging: Hedging,
    outliers: OutlierDetector,
    random: Random,
}

impl Caller {
    pub(crate) fn new(system: System, workers: usize, seed: u64) -> Self {
        let mut roster = Roster::new(seed);
        let info = |index: usize| WorkerInfo::at(SocketAddr::from(([10, 0, (index >> 8) as u8, index as u8], 8948)));
        let infos: Vec<_> = (0..workers).map(info).collect();
        let workers = roster.update(Time::ZERO, infos.iter().cloned());
        Self {
            candidates: Candidates::new(workers.iter().cloned(), &CandidateOptions::default()),
            roster,
            infos,
            workers,
            system,
            budget: RetryBudget::default(),
            hedging: Hedging::default(),
            outliers: OutlierDetector::default(),
            random: Random::new(seed),
        }
    }

    /// A worker has started again.
    pub(crate) fn renew(&mut self, now: Time, worker: usize) {
        self.infos[worker].generation += 1;
        self.workers = self.roster.update(now, self.infos.iter().cloned());
        self.candidates = Candidates::new(self.workers.iter().cloned(), &CandidateOptions::default());
    }

    pub(crate) fn worker(&self, index: usize) -> &Worker {
        &self.workers[index]
    }

    /// The worker for an attempt; `world` is what only oracles see.
    pub(crate) fn pick(&mut self, now: Time, tried: &Tried, work: f64, world: &[SimulatedWorker]) -> Option<usize> {
        let request = PickRequest::new(now).with_tried(tried);
        let balancer: &dyn Balancer = match &self.system {
            System::Strategy(strategy) | System::Unreported(strategy) | System::Gossiped(strategy) => strategy,
            System::OwnCounts => &OwnCounts,
            System::TrueCounts => {
                let (one, other) = (self.random.below(world.len()), self.random.below(world.len()));
                return Some(if world[other].held < world[one].held { other } else { one });
            }
            System::ShortestQueue => {
                let start = self.random.below(world.len());
                return (start..world.len()).chain(0..start).min_by_key(|&index| world[index].held);
            }
            System::TrueWork => {
                let both = [self.random.below(world.len()), self.random.below(world.len())];
                return least_work(both.into_iter(), now, work, world);
            }
            System::Oracle => return least_work(0..world.len(), now, work, world),
        };
        let picked = self.candidates.pick(balancer, &request)?;
        self.candidates.workers().iter().position(|worker| std::ptr::eq(worker, picked))
    }

    /// A worker has answered, and says how many calls of other callers it has.
    pub(crate) fn on_answer(&self, now: Time, worker: usize, others: u32) {
        let tells = !matches!(self.system, System::Unreported(_) | System::Gossiped(_));
        let experience = self.workers[worker].experience();
        experience.on_answers(now);
        if tells {
            experience.on_load(now, others);
        }
    }

    /// Whether it hears by gossip what workers have.
    pub(crate) fn listens(&self) -> bool {
        matches!(self.system, System::Gossiped(_))
    }

    pub(crate) fn hear(&self, now: Time, worker: usize, in_flight: u32) {
        self.workers[worker].experience().hear(now, &LoadReport::new(in_flight));
    }

    pub(crate) fn sweep(&self, now: Time) {
        self.outliers.sweep(now, &self.workers);
    }
}

/// Which of these workers will be done first.
fn least_work(indices: impl Iterator<Item = usize>, now: Time, work: f64, world: &[SimulatedWorker]) -> Option<usize> {
    let at = now.as_micros() as f64 / 1e6;
    let finish = |index: &usize| world[*index].would_finish(at, work);
    indices.min_by(|one, other| finish(one).total_cmp(&finish(other)))
}
