//! The pilot: each contender once in each arrangement, tried in turn, so that it is measured in its best.

use std::time::Duration;

use anyhow::Result;

use super::bench::Bench;
use super::children;
use super::plan::{Arrangement, Cell, Plan};
use crate::child::LoadReport;

/// The best arrangement of every contender, in the plan's order.
pub(super) fn run(plan: &Plan, bench: &Bench) -> Result<Vec<Vec<Arrangement>>> {
    let best = |cell: &Cell| best(cell, plan, bench);
    plan.comparisons.iter().map(|comparison| comparison.contenders.iter().map(best).collect()).collect()
}

fn best(cell: &Cell, plan: &Plan, bench: &Bench) -> Result<Arrangement> {
    let candidates = cell.arrangements();
    if let [only] = candidates[..] {
        return Ok(only);
    }
    bench.now(format!("choosing {}'s runtime", cell.name()));
    // A large message takes its time, and a trial in which none ends says nothing.
    let large = cell.payload_bytes >= LARGE_BYTES;
    let pilot = if large { plan.timing.pilot.max(LARGE_PILOT_MIN) } else { plan.timing.pilot };
    let times = (plan.timing.warm_up, pilot);
    let mut trials = Vec::new();
    for _ in 0..plan.timing.pilot_trials {
        for &arrangement in &candidates {
            trials.push((children::measure(cell, arrangement, bench, times)?, arrangement));
            bench.done();
        }
    }
    // The best trial of each counts: what disturbs a trial only ever makes it worse.
    trials.sort_by(|(a, _), (b, _)| merit(cell, b).total_cmp(&merit(cell, a)));
    Ok(trials[0].1)
}

/// Alone on its connection a call wants to be short; among others, many want to get through.
fn merit(cell: &Cell, report: &LoadReport) -> f64 {
    match report.latency {
        Some(latency) if cell.in_flight == 1 => -latency.p50_us,
        _ => report.calls as f64 / report.seconds,
    }
}

const LARGE_BYTES: usize = 256 << 10;
const LARGE_PILOT_MIN: Duration = Duration::from_millis(350);
