//! Nodes crash, one or a few at a time: how soon does anybody suspect it, how soon does everybody know?

use std::{collections::BTreeMap, time::Duration};

use super::{
    super::{Observation, Protocol, Quantiles, World},
    Report, Stage, seconds,
};

/// Crashes about a hundred nodes of each world and starts them again, a few at a time.
pub fn crash<P: Protocol>(stage: &Stage<'_, P>) -> Report {
    let (mut suspected, mut failed, mut everywhere) =
        (Quantiles::default(), Quantiles::default(), Quantiles::default());
    let mut undetected = 0.0;
    for seed in stage.seeds() {
        let mut world = World::<P>::acquainted((stage.config)(stage.nodes), stage.nodes, seed);
        world.run_for(Duration::from_secs(15));
        let rounds = if stage.nodes > 5000 { 2 } else { 20 };
        for round in 0..rounds {
            stage.tell(seed, round, rounds);
            world.observed.clear();
            let at_once = (stage.nodes / 200).clamp(1, 50);
            let mut crashed = BTreeMap::new();
            while crashed.len() < at_once {
                let wait = world.up_to(Duration::from_millis(500));
                world.run_for(wait);
                let victim = world.below(stage.nodes);
                if world.node(victim).is_some() {
                    crashed.insert(victim, world.now());
                    world.crash(victim);
                }
            }
            let viewers = (stage.nodes - crashed.len()) as f64;
            let mut verdicts = Verdicts { needed: viewers as usize * crashed.len(), ..Verdicts::default() };
            world.run_until(Duration::from_millis(500), OBSERVED_FOR, |world| verdicts.are_complete(world));
            for (victim, at) in &crashed {
                let (first, mut known) = timings(&world, *victim, *at);
                if let Some(first) = first {
                    suspected.add(first);
                }
                known.sort_unstable_by(f64::total_cmp);
                let needed = (viewers * 0.99).ceil() as usize;
                match known.get(needed.saturating_sub(1)) {
                    Some(time) => failed.add(*time),
                    None => undetected += 1.0,
                }
                if known.len() as f64 >= viewers {
                    everywhere.add(known[known.len() - 1]);
                }
            }
            let seeds: Vec<usize> = world.running().take(3).collect();
            for victim in crashed.keys() {
                world.start(*victim, super::super::Known::Seeds(&seeds));
            }
            world.run_for(Duration::from_secs(5));
        }
    }
    let mut report = Report::default();
    report.measure("crashes", (failed.count() as f64) + undetected, "", None);
    report.measure("first suspicion, p50", suspected.at(0.5), "s", None);
    report.measure("first suspicion, p99", suspected.at(0.99), "s", Some(2.0));
    report.measure("failed in 99% of views, p50", failed.at(0.5), "s", Some(5.5));
    report.measure("failed in 99% of views, p99", failed.at(0.99), "s", Some(7.0));
    report.measure("failed in all views, p99", everywhere.at(0.99), "s", None);
    report.measure("not failed in 99% of views after 40 s", undetected, "", Some(0.0));
    report.curve("first suspicion or verdict", "the crash", "crashes", &suspected);
    report.curve("failed in 99% of views", "the crash", "crashes", &failed);
    report
}

/// When somebody first suspected a crashed node or took it for failed, and when each node took it for failed.
fn timings<P: Protocol>(world: &World<P>, victim: usize, at: u64) -> (Option<f64>, Vec<f64>) {
    let (mut first, mut known) = (None, Vec::new());
    let mut counted = vec![false; world.running().last().map_or(0, |last| last + 1)];
    for observed in world.observed.iter().filter(|observed| observed.at >= at) {
        match observed.what {
            Observation::Suspected(node) if node == victim => {
                first.get_or_insert(seconds(at, observed.at));
            }
            Observation::Failed(node) if node == victim && !std::mem::replace(&mut counted[observed.by], true) => {
                first.get_or_insert(seconds(at, observed.at));
                known.push(seconds(at, observed.at));
            }
            _ => {}
        }
    }
    (first, known)
}

/// Counts verdicts, so that nobody waits longer than needed.
#[derive(Default)]
struct Verdicts {
    needed: usize,
    read: usize,
    found: usize,
}

impl Verdicts {
    fn are_complete<P: Protocol>(&mut self, world: &World<P>) -> bool {
        let new = &world.observed[self.read..];
        self.read += new.len();
        self.found += new.iter().filter(|seen| matches!(seen.what, Observation::Failed(_))).count();
        self.found >= self.needed
    }
}

/// Longer than the slowest baseline takes.
const OBSERVED_FOR: Duration = Duration::from_secs(40);
