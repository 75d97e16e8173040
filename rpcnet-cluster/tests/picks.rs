//! What a pick does not do: allocate. In a file of its own, since it counts with a global allocator.

use std::{hint::black_box, net::SocketAddr, time::Duration};

use allocation_counter::measure;
use rpcnet_cluster::{
    Filter, LoadBalancingStrategy, Tags, WorkerInfo,
    balance::{CandidateOptions, Candidates, Outcome, PickRequest, Roster, Tried},
    membership::Time,
};

const WORKERS: usize = 1_000;
const PICKS: u64 = 10_000;

#[test]
fn a_pick_among_a_thousand_prepared_workers_allocates_nothing() {
    let candidates = prepared();
    for strategy in [
        LoadBalancingStrategy::RoundRobin,
        LoadBalancingStrategy::Random,
        LoadBalancingStrategy::PowerOfTwo,
        LoadBalancingStrategy::LeastConnections,
        LoadBalancingStrategy::Weighted,
        LoadBalancingStrategy::ZoneAware,
    ] {
        check(&candidates, strategy, |_, request| request);
    }
}

#[test]
fn nor_does_one_that_looks_at_all_of_them() {
    let candidates = prepared();
    check_times(&candidates, LoadBalancingStrategy::Affinity, 100, |pick, request| request.with_key(pick));
}

#[test]
fn nor_does_a_further_attempt() {
    let candidates = prepared();
    let mut tried = Tried::default();
    candidates.workers().iter().take(Tried::MAX).for_each(|worker| tried.insert(worker));
    check(&candidates, LoadBalancingStrategy::PowerOfTwo, |_, request| request.with_tried(&tried));
}

/// Every other worker is named by the filter.
fn prepared() -> Candidates {
    let info = |index: usize| {
        let mut info = WorkerInfo::at(SocketAddr::from(([10, 0, (index >> 8) as u8, index as u8], 8948)));
        let (role, zone) = (["worker", "director"][index % 2], ["a", "b", "b"][index % 3]);
        info.tags = Tags::default().with("role", role).and_then(|tags| tags.with("zone", zone)).expect("short tags");
        info
    };
    let workers = Roster::new(1).update(Time::ZERO, (0..2 * WORKERS).map(info));
    for (index, worker) in workers.iter().enumerate() {
        let took = Duration::from_micros(1_000 + index as u64);
        worker.begin_timed_call(Time::ZERO).end(Time::ZERO + took, Outcome::Success);
    }
    let filter: Filter = "role=worker".parse().expect("a filter");
    let mut options = CandidateOptions::default();
    options.local_zone = Some("a".to_owned());
    let mut prepared = None;
    let preparing = measure(|| prepared = Some(Candidates::matching(&workers, &filter, &options)));
    assert!(preparing.count_total > 0, "the allocator counts");
    let prepared = prepared.expect("it was called");
    assert_eq!(prepared.len(), WORKERS);
    prepared
}

fn check<'a>(
    candidates: &Candidates,
    strategy: LoadBalancingStrategy,
    request: impl Fn(u64, PickRequest<'a>) -> PickRequest<'a>,
) {
    check_times(candidates, strategy, PICKS, request);
}

/// A pick each 100 us, so that the looks at all workers are among them.
fn check_times<'a>(
    candidates: &Candidates,
    strategy: LoadBalancingStrategy,
    picks: u64,
    request: impl Fn(u64, PickRequest<'a>) -> PickRequest<'a>,
) {
    let mut picked = 0;
    let counted = measure(|| {
        for pick in 0..picks {
            let request = request(pick, PickRequest::new(Time::from_micros(10_000_000 + 100 * pick)));
            picked += u64::from(black_box(candidates.pick(&strategy, &request)).is_some());
        }
    });
    assert_eq!((picked, counted.count_total), (picks, 0), "{strategy:?}");
}
