//! What a pick among 1,000 prepared workers costs, beside the load of a view that every one of them needs anyway.
//!
//! ```text
//! cargo run --release -p rpcnet-cluster --example pick
//! ```

#![expect(clippy::print_stdout, reason = "its results go to the terminal")]

use std::{
    hint::black_box,
    net::SocketAddr,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use rpcnet_cluster::{
    LoadBalancingStrategy, WorkerInfo,
    balance::{CandidateOptions, Candidates, PickRequest, Roster},
    membership::Time,
};

fn main() {
    let info = |index: usize| WorkerInfo::at(SocketAddr::from(([10, 0, (index >> 8) as u8, index as u8], 8948)));
    let workers = Roster::new(1).update(Time::ZERO, (0..WORKERS).map(info));
    let view = ArcSwap::from_pointee(Candidates::new(workers.iter().cloned(), &CandidateOptions::default()));
    for (index, worker) in workers.iter().enumerate() {
        let took = Duration::from_micros(1_000 + index as u64);
        worker.begin_timed_call(Time::ZERO).end(Time::ZERO + took, rpcnet_cluster::balance::Outcome::Success);
    }
    let pick = |strategy: LoadBalancingStrategy| {
        let view = &view;
        move |call: u64| {
            let candidates = view.load();
            let request = PickRequest::new(Time::from_micros(10_000 + call / 10));
            candidates.pick(&strategy, &request).map_or(0, |worker| worker.active_connections())
        }
    };
    let mut loads = Vec::new();
    let mut two = Vec::new();
    let mut turns = Vec::new();
    // In turns, so that whatever else the machine does falls on all alike.
    for _ in 0..ROUNDS {
        loads.push(nanos(|_| view.load().len()));
        two.push(nanos(pick(LoadBalancingStrategy::PowerOfTwo)));
        turns.push(nanos(pick(LoadBalancingStrategy::RoundRobin)));
    }
    println!("of {ROUNDS} rounds of {PICKS} each, nanoseconds: the least, the median");
    for (name, mut nanos) in [("view load", loads), ("power of two", two), ("round robin", turns)] {
        nanos.sort_unstable_by(f64::total_cmp);
        println!("{name:14} {:6.1} {:6.1}", nanos[0], nanos[ROUNDS / 2]);
    }
}

fn nanos(mut work: impl FnMut(u64) -> usize) -> f64 {
    let started = Instant::now();
    for call in 0..PICKS {
        black_box(work(black_box(call)));
    }
    started.elapsed().as_nanos() as f64 / PICKS as f64
}

const WORKERS: usize = 1_000;
const ROUNDS: usize = 31;
const PICKS: u64 = 100_000;
