//! A whole cluster starts at once from three seeds.

use std::time::Duration;

use super::{
    super::{Known, Protocol, Quantiles, World},
    Report, Stage, seconds,
};

/// Starts all nodes within a second; three of them are known to the others.
pub fn bootstrap<P: Protocol>(stage: &Stage<'_, P>) -> Report {
    let (mut whole, mut unfinished) = (Quantiles::default(), 0.0);
    let (mut bytes, mut bulk, mut failures) = (0.0, 0.0, 0.0);
    for seed in stage.seeds() {
        let mut world = World::<P>::new((stage.config)(0), seed);
        world.start(0, Known::Seeds(&[1, 2]));
        world.start(1, Known::Seeds(&[0, 2]));
        world.start(2, Known::Seeds(&[0, 1]));
        for index in 3..stage.nodes {
            world.run_for(Duration::from_micros(1_000_000 / stage.nodes as u64));
            world.start(index, Known::Seeds(&[0, 1, 2]));
        }
        let mut step = 0;
        let done = world.run_until(Duration::from_millis(250), Duration::from_secs(60), |world| {
            step += 1;
            stage.tell(seed, step, 240);
            world.agrees()
        });
        if done {
            whole.add(seconds(0, world.now()));
        } else {
            unfinished += 1.0;
        }
        let failed = world.observed.iter().filter(|seen| matches!(seen.what, super::super::Observation::Failed(_)));
        failures += failed.count() as f64;
        for node in world.running() {
            let traffic = world.traffic(node);
            bytes += traffic.sent_bytes as f64;
            bulk += traffic.bulk_bytes as f64;
        }
    }
    let nodes = (stage.nodes as u64 * stage.seeds) as f64;
    let mut report = Report::default();
    report.measure("all see all, worst", whole.at(1.0), "s", Some(10.0));
    report.measure("worlds not complete after 60 s", unfinished, "", Some(0.0));
    report.measure("false verdicts in all views", failures, "", Some(0.0));
    report.measure("datagrams sent by each node", bytes / nodes / 1000.0, "kB", None);
    report.measure("bulk bytes sent by each node", bulk / nodes / 1000.0, "kB", None);
    report
}
