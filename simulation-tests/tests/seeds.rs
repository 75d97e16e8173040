//! Seeds of bad networks, crashes and restarts, in which no call may lie.
//!
//! `cargo test --workspace` runs a few. More, or one of them again:
//!
//! ```sh
//! SIMULATION_SEEDS=200 cargo test --release -p simulation-tests --test seeds
//! SIMULATION_SEED=17 cargo test -p simulation-tests --test seeds
//! ```

use std::{
    env,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use rpcnet::Executed;
use simulation_tests::{Ended, Plan, Report, run};

#[test]
fn no_call_lies_whatever_the_network_and_the_server_do() {
    let seeds = seeds();
    let enough = seeds.end - seeds.start >= SEEDS;
    let ends = check(seeds, Plan::new);
    // Otherwise the seeds would show nothing.
    let seen = |end: fn(&Ended) -> bool| ends.iter().any(end);
    if enough {
        assert!(seen(|end| matches!(end, Ended::Well)));
        assert!(seen(|end| matches!(end, Ended::Application)));
        assert!(seen(|end| matches!(end, Ended::Dropped)));
        assert!(seen(|end| matches!(end, Ended::Failed(_, Executed::No, _))));
        assert!(seen(|end| matches!(end, Ended::Failed(_, Executed::Maybe, _))));
        assert!(seen(|end| matches!(end, Ended::Failed(_, Executed::Yes, _))));
    }
}

#[test]
fn where_nothing_goes_wrong_every_call_succeeds() {
    let ends = check(0..2, Plan::without_faults);
    assert!(ends.iter().all(|end| *end == Ended::Well), "{ends:?}");
}

/// Runs the seeds on all cores, and fails with all that they found. Returns how the calls ended.
fn check(seeds: Range<u64>, plan: fn(u64) -> Plan) -> Vec<Ended> {
    let next = AtomicU64::new(seeds.start);
    let (found, all) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        break;
                    }
                    let Report { broken, ends } = run(&plan(seed));
                    all.lock().expect("no panic in here").extend(ends);
                    if !broken.is_empty() {
                        found.lock().expect("no panic in here").push((seed, broken));
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no panic in here");
    found.sort();
    let report: Vec<_> =
        found.iter().map(|(seed, broken)| format!("SIMULATION_SEED={seed}\n  {}", broken.join("\n  "))).collect();
    assert!(report.is_empty(), "{} of the seeds {seeds:?} broke promises\n{}", report.len(), report.join("\n"));
    all.into_inner().expect("no panic in here")
}

fn seeds() -> Range<u64> {
    let number = |name| env::var(name).ok().map(|text| text.parse().expect("a number"));
    match (number("SIMULATION_SEED"), number("SIMULATION_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(count)) => 0..count,
        (None, None) => 0..SEEDS,
    }
}

/// Some seconds.
const SEEDS: u64 = 8;
