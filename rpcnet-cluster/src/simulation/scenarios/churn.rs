//! Nodes come and go all the time; or many go at once and come back.

use std::{collections::BTreeMap, time::Duration};

use super::{
    super::{Known, Protocol, Quantiles, World},
    Report, Stage, seconds,
};

/// One in twenty nodes crashes every minute and is back half a minute later; five minutes long.
pub fn churn<P: Protocol>(stage: &Stage<'_, P>) -> Report {
    let (mut ghosts, mut missing, mut worst) = (0.0, 0.0, 0.0f64);
    for seed in stage.seeds() {
        let mut world = World::<P>::acquainted((stage.config)(stage.nodes), stage.nodes, seed);
        world.run_for(Duration::from_secs(15));
        let mut changed: BTreeMap<usize, u64> = BTreeMap::new();
        let mut down: BTreeMap<usize, u64> = BTreeMap::new();
        let every = 60.0 / (stage.nodes as f64 / 20.0);
        let rounds = (300.0 / every) as usize;
        for round in 0..rounds {
            stage.tell(seed, round, rounds);
            world.observed.clear();
            world.run_for(Duration::from_secs_f64(every));
            let victim = world.below(stage.nodes);
            if world.node(victim).is_some() {
                world.crash(victim);
                down.insert(victim, world.now());
                changed.insert(victim, world.now());
            }
            let back: Vec<usize> =
                down.iter().filter(|(_, at)| world.now() - **at > 30_000_000).map(|(node, _)| *node).collect();
            for node in back {
                down.remove(&node);
                let seeds: Vec<usize> = world.running().take(3).collect();
                world.start(node, Known::Seeds(&seeds));
                changed.insert(node, world.now());
            }
            if round % 10 == 9 {
                let (more_ghosts, more_missing, oldest) = disagreements(&world, &changed);
                ghosts += more_ghosts;
                missing += more_missing;
                worst = worst.max(oldest);
            }
        }
    }
    let mut report = Report::default();
    report.measure("ghosts older than 15 s", ghosts, "", Some(0.0));
    report.measure("missing for longer than 15 s", missing, "", Some(0.0));
    report.measure("oldest disagreement", worst, "s", Some(15.0));
    report
}

/// Views that are wrong about a node whose last change is more than 15 s ago.
fn disagreements<P: Protocol>(world: &World<P>, changed: &BTreeMap<usize, u64>) -> (f64, f64, f64) {
    let (mut ghosts, mut missing, mut oldest) = (0.0, 0.0, 0.0f64);
    let age = |node: usize| seconds(changed.get(&node).copied().unwrap_or(0), world.now());
    for viewer in world.running().filter(|viewer| age(*viewer) > 15.0) {
        let members = world.node(viewer).map(Protocol::members).unwrap_or_default();
        let mut seen = vec![false; world.running().last().map_or(0, |last| last + 1)];
        for member in members {
            if let Some(seen) = seen.get_mut(member) {
                *seen = true;
            }
            if world.node(member).is_none() {
                oldest = oldest.max(age(member));
                ghosts += f64::from(u8::from(age(member) > 15.0));
            }
        }
        for node in world.running().filter(|node| *node != viewer && !seen[*node]) {
            oldest = oldest.max(age(node));
            missing += f64::from(u8::from(age(node) > 15.0));
        }
    }
    (ghosts, missing, oldest)
}

/// Half of the nodes crash and are back within two seconds, in a new run.
pub fn mass_restart<P: Protocol>(stage: &Stage<'_, P>) -> Report {
    let (mut whole, mut unfinished) = (Quantiles::default(), 0.0);
    for seed in stage.seeds() {
        let mut world = World::<P>::acquainted((stage.config)(stage.nodes), stage.nodes, seed);
        world.run_for(Duration::from_secs(15));
        let victims: Vec<usize> = (0..stage.nodes).filter(|node| node % 2 == 1).collect();
        for victim in &victims {
            world.crash(*victim);
        }
        world.run_for(Duration::from_secs(1));
        for victim in &victims {
            world.run_for(Duration::from_micros(1_000_000 / victims.len() as u64));
            world.start(*victim, Known::Seeds(&[0, 2, 4]));
        }
        let at = world.now();
        if world.run_until(Duration::from_millis(250), Duration::from_secs(60), |world| world.agrees()) {
            whole.add(seconds(at, world.now()));
        } else {
            unfinished += 1.0;
        }
        stage.tell(seed, 1, 1);
    }
    let mut report = Report::default();
    report.measure("all see all again, worst", whole.at(1.0), "s", Some(15.0));
    report.measure("worlds not whole after 60 s", unfinished, "", Some(0.0));
    report
}
