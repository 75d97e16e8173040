//! Some nodes stand still again and again, as overloaded machines do: do healthy nodes pay for it?
//!
//! After the experiments of Dadgar et al. (2018): nodes that block for seconds, run for milliseconds, and block again.

use std::{collections::BTreeSet, time::Duration};

use super::{
    super::{Observation, Protocol, World},
    Report, Stage,
};

/// 1 to 32 nodes stall, for two minutes each time: for several lengths of being blocked and of being awake.
pub fn stall<P: Protocol>(stage: &Stage<'_, P>) -> Report {
    let mut report = Report::default();
    let (mut failures, mut suspicions) = (0.0, 0.0);
    let patterns: Vec<_> = BLOCKED.into_iter().flat_map(|blocked| AWAKE.map(|awake| (blocked, awake))).collect();
    for seed in stage.seeds() {
        for (index, (blocked, awake)) in patterns.iter().enumerate() {
            stage.tell(seed, index, patterns.len());
            for count in [1, 4, 16, 32] {
                let (failed, suspected) = run(stage, seed, count.min(stage.nodes / 4), *blocked, *awake);
                failures += failed;
                suspicions += suspected;
            }
        }
    }
    report.measure("healthy nodes declared failed by healthy ones", failures, "", None);
    report.measure("healthy nodes suspected by healthy ones", suspicions, "", None);
    report
}

fn run<P: Protocol>(stage: &Stage<'_, P>, seed: u64, count: usize, blocked: Duration, awake: Duration) -> (f64, f64) {
    let mut world = World::<P>::acquainted((stage.config)(stage.nodes), stage.nodes, seed);
    world.run_for(Duration::from_secs(15));
    world.observed.clear();
    let mut sick: BTreeSet<usize> = BTreeSet::new();
    while sick.len() < count {
        sick.insert(world.below(stage.nodes));
    }
    let mut next: Vec<(u64, usize)> = Vec::new();
    for node in &sick {
        next.push((world.now() + world.up_to(blocked).as_micros() as u64, *node));
    }
    let end = world.now() + Duration::from_secs(120).as_micros() as u64;
    while world.now() < end {
        world.run_for(Duration::from_millis(1));
        for (at, node) in &mut next {
            if *at <= world.now() {
                world.pause(*node, blocked);
                *at = world.now() + (blocked + awake).as_micros() as u64;
            }
        }
    }
    let healthy = |node: usize| !sick.contains(&node);
    let count = |failed: bool| {
        let counted = world.observed.iter().filter(|observed| match observed.what {
            Observation::Failed(node) => failed && healthy(node) && healthy(observed.by),
            Observation::Suspected(node) => !failed && healthy(node) && healthy(observed.by),
            _ => false,
        });
        counted.count() as f64
    };
    (count(true), count(false))
}

/// How long nodes block at a time.
const BLOCKED: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(8), Duration::from_secs(32)];

/// How long they run in between.
const AWAKE: [Duration; 5] = [
    Duration::from_millis(1),
    Duration::from_millis(16),
    Duration::from_millis(64),
    Duration::from_millis(256),
    Duration::from_millis(1024),
];
