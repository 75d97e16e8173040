//! The network falls into parts and heals: who notices, and how soon?

use std::time::Duration;

use super::{
    super::{Observation, Protocol, Quantiles, World},
    Report, Stage, seconds,
};

/// Cuts a part of `share` of the nodes off for so long, and joins it again.
pub fn partition<P: Protocol>(stage: &Stage<'_, P>, share: f64, apart: Duration) -> Report {
    let (mut detected, mut healed, mut whole) = (Quantiles::default(), Quantiles::default(), Quantiles::default());
    let (mut wrong, mut unhealed, mut silent, mut peak) = (0.0, 0.0, 0.0, 0.0f64);
    for seed in stage.seeds() {
        let mut world = World::<P>::acquainted((stage.config)(stage.nodes), stage.nodes, seed);
        world.run_for(Duration::from_secs(15));
        world.observed.clear();
        let cut = (stage.nodes as f64 * share) as usize;
        // Every part has nodes from everywhere: names say nothing about places.
        let mut parts = vec![0; stage.nodes];
        while parts.iter().filter(|part| **part == 1).count() < cut {
            let node = world.below(stage.nodes);
            parts[node] = 1;
        }
        let small: Vec<usize> = (0..stage.nodes).filter(|node| parts[*node] == 1).collect();
        world.network.parts = parts.clone();
        let at = world.now();
        let before = sent(&world);
        world.run_for(apart);
        stage.tell(seed, 1, 2);
        peak = peak.max((sent(&world) - before) as f64 / stage.nodes as f64 / apart.as_secs_f64());
        let large: Vec<usize> = (0..stage.nodes).filter(|node| parts[*node] == 0).collect();
        let lowest_is_small = small.first() < large.first();
        let flip = small.len() * 2 == stage.nodes && lowest_is_small;
        let (expected_minority, expected_majority) = if flip { (&large, &small) } else { (&small, &large) };
        let mut noticed = vec![false; stage.nodes];
        for observed in &world.observed {
            if let Observation::Parted { minority, majority } = &observed.what {
                if !std::mem::replace(&mut noticed[observed.by], true) {
                    detected.add(seconds(at, observed.at));
                }
                wrong += f64::from(u8::from(minority != expected_minority || majority != expected_majority));
            }
        }
        silent += noticed.iter().filter(|noticed| !**noticed).count() as f64;
        world.observed.clear();
        world.network.parts.clear();
        let at = world.now();
        if world.run_until(Duration::from_millis(250), Duration::from_secs(60), |world| world.agrees()) {
            whole.add(seconds(at, world.now()));
        } else {
            unhealed += 1.0;
        }
        world.run_for(Duration::from_secs(2));
        for observed in world.observed.iter().filter(|observed| observed.what == Observation::Healed) {
            healed.add(seconds(at, observed.at));
        }
    }
    let mut report = Report::default();
    report.measure("detected, p50 of nodes", detected.at(0.5), "s", None);
    report.measure("detected, last node", detected.at(1.0), "s", Some(10.0));
    report.measure("nodes that did not detect it", silent, "", Some(0.0));
    report.measure("wrong verdicts", wrong, "", Some(0.0));
    report.measure("healed, last node says so", healed.at(1.0), "s", Some(8.0));
    report.measure("nodes that say so", healed.count() as f64, "", None);
    report.measure("all see all again, worst", whole.at(1.0), "s", Some(8.0));
    report.measure("worlds not whole after 60 s", unhealed, "", Some(0.0));
    report.measure("sent by each node while apart", peak, "B/s", None);
    report.curve("detected", "the cut", "nodes", &detected);
    report
}

fn sent<P: Protocol>(world: &World<P>) -> u64 {
    world.running().map(|node| world.traffic(node).sent_bytes).sum()
}
