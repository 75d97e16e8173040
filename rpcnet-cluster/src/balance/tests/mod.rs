//! What is promised of balancing, without a network.

mod resilience;
mod shares;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::*;
use crate::{Tags, membership::Time};

/// After slow start and before anything else.
const NOW: Time = Time::from_micros(60_000_000);

fn after(millis: u64) -> Time {
    NOW + Duration::from_millis(millis)
}

fn info(index: usize, tags: &[(&str, &str)]) -> WorkerInfo {
    let mut info = WorkerInfo::at(SocketAddr::from(([10, 0, (index >> 8) as u8, index as u8], 8948)));
    info.tags = tags.iter().fold(Tags::default(), |tags, (name, value)| tags.with(name, value).expect("short"));
    info
}

/// Workers that were there from the beginning.
fn workers(infos: impl IntoIterator<Item = WorkerInfo>) -> Arc<[Worker]> {
    Roster::new(7).update(Time::ZERO, infos)
}

fn equal(count: usize) -> Arc<[Worker]> {
    workers((0..count).map(|index| info(index, &[])))
}

fn prepared(workers: &[Worker]) -> Candidates {
    Candidates::new(workers.iter().cloned(), &CandidateOptions::default())
}

/// How many of `picks` each gets if no call lasts.
fn shares(candidates: &Candidates, strategy: LoadBalancingStrategy, picks: usize) -> Vec<usize> {
    let mut shares = vec![0; candidates.len()];
    for _ in 0..picks {
        shares[pick(candidates, strategy, &PickRequest::new(NOW))] += 1;
    }
    shares
}

fn pick(candidates: &Candidates, strategy: LoadBalancingStrategy, request: &PickRequest<'_>) -> usize {
    let picked = candidates.pick(&strategy, request).expect("there are workers");
    candidates.workers().iter().position(|worker| worker.id() == picked.id()).expect("it is one of them")
}

fn end(worker: &Worker, began: Time, took: Duration, outcome: Outcome) {
    worker.begin_timed_call(began).end(began + took, outcome);
}

fn fail(worker: &Worker, times: usize) {
    (0..times).for_each(|_| end(worker, NOW, Duration::from_millis(1), Outcome::Failure));
}

fn succeed(worker: &Worker, at: Time, times: usize) {
    (0..times).for_each(|_| end(worker, at, Duration::from_millis(1), Outcome::Success));
}

const STRATEGIES: [LoadBalancingStrategy; 7] = [
    LoadBalancingStrategy::RoundRobin,
    LoadBalancingStrategy::Random,
    LoadBalancingStrategy::LeastConnections,
    LoadBalancingStrategy::PowerOfTwo,
    LoadBalancingStrategy::Weighted,
    LoadBalancingStrategy::ZoneAware,
    LoadBalancingStrategy::Affinity,
];
