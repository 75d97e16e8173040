//! What a pick among 1,000 prepared workers costs, beside the load of a view that every one of them needs anyway; and one among
//! 64 and 8, where the default strategy looks at all.
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
    let prepared = |count: usize| {
        ArcSwap::from_pointee(Candidates::new(workers[..count].iter().cloned(), &CandidateOptions::default()))
    };
    let (view, scanned, few) = (prepared(WORKERS), prepared(64), prepared(8));
    for (index, worker) in workers.iter().enumerate() {
        let took = Duration::from_micros(1_000 + index as u64);
        worker.begin_timed_call(Time::ZERO).end(Time::ZERO + took, rpcnet_cluster::balance::Outcome::Success);
    }
    let pick = |strategy: LoadBalancingStrategy, view| {
        let view: &ArcSwap<Candidates> = view;
        move |call: u64| {
            let candidates = view.load();
            let request = PickRequest::new(Time::from_micros(10_000 + call / 10));
            candidates.pick(&strategy, &request).map_or(0, |worker| worker.active_connections())
        }
    };
    let [mut loads, mut two, mut turns, mut all, mut all_of_few] = [const { Vec::new() }; 5];
    // In turns, so that whatever else the machine does falls on all alike.
    for _ in 0..ROUNDS {
        loads.push(nanos(|_| view.load().len()));
        two.push(nanos(pick(LoadBalancingStrategy::PowerOfTwo, &view)));
        turns.push(nanos(pick(LoadBalancingStrategy::RoundRobin, &view)));
        all.push(nanos(pick(LoadBalancingStrategy::PowerOfTwo, &scanned)));
        all_of_few.push(nanos(pick(LoadBalancingStrategy::PowerOfTwo, &few)));
    }
    println!("of {ROUNDS} rounds of {PICKS} each, nanoseconds: the least, the median");
    for (name, mut nanos) in [
        ("view load", loads),
        ("power of two", two),
        ("round robin", turns),
        ("best of 64", all),
        ("best of 8", all_of_few),
    ] {
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
