//! A node publishes something: how soon does everybody know?

use std::time::Duration;

use super::{
    super::{Observation, Protocol, Quantiles, World},
    Report, Stage, seconds,
};

/// Publishes from random nodes, once every few seconds.
pub fn update<P: Protocol>(stage: &Stage<'_, P>) -> Report {
    let (mut most, mut all, mut each) = (Quantiles::default(), Quantiles::default(), Quantiles::default());
    let (mut missed, mut bytes) = (0.0, 0.0);
    for seed in stage.seeds() {
        let mut world = World::<P>::acquainted((stage.config)(stage.nodes), stage.nodes, seed);
        world.run_for(Duration::from_secs(15));
        for round in 0..ROUNDS {
            stage.tell(seed, round, ROUNDS);
            world.observed.clear();
            let publisher = world.below(stage.nodes);
            let (at, before) = (world.now(), total(&world));
            let value = format!("value-{round}");
            world.with(publisher, |node, now| node.publish(now, &value));
            world.run_for(Duration::from_secs(10));
            bytes += (total(&world) - before) as f64 / stage.nodes as f64 / 10.0;
            let learned = world.observed.iter().filter(|observed| observed.what == Observation::Updated(publisher));
            let mut learned: Vec<f64> = learned.map(|observed| seconds(at, observed.at)).collect();
            learned.sort_unstable_by(f64::total_cmp);
            learned.iter().for_each(|time| each.add(*time));
            let others = stage.nodes - 1;
            if let Some(time) = learned.get(((others as f64 * 0.99).ceil() as usize).saturating_sub(1)) {
                most.add(*time);
            }
            if learned.len() >= others {
                all.add(learned[others - 1]);
            } else {
                missed += 1.0;
            }
        }
    }
    let rounds = stage.seeds as f64 * ROUNDS as f64;
    let mut report = Report::default();
    report.measure("updates", rounds, "", None);
    report.measure("known to 99%, p50", most.at(0.5), "s", None);
    report.measure("known to 99%, p99", most.at(0.99), "s", Some(1.4));
    report.measure("known to all, p50", all.at(0.5), "s", None);
    report.measure("known to all, p99", all.at(0.99), "s", Some(2.0));
    report.measure("not known to all after 10 s", missed, "", Some(0.0));
    report.measure("sent by each node meanwhile, over 10 s", bytes / rounds, "B/s", None);
    report.curve("known", "it was published", "nodes", &each);
    report
}

fn total<P: Protocol>(world: &World<P>) -> u64 {
    world.running().map(|node| world.traffic(node).sent_bytes).sum()
}

const ROUNDS: usize = 10;
