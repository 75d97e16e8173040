//! The measurement: rounds over all comparisons, contenders side by side in turning order.

use anyhow::Result;

use super::bench::Bench;
use super::children;
use super::plan::{Arrangement, Cell, Plan, Section};
use crate::child::LoadReport;

/// One comparison, measured.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) section: Section,
    /// In the plan's order: the first is the reference.
    pub(super) contenders: Vec<Measured>,
}

/// One contender's rounds.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) cell: Cell,
    pub(super) arrangement: Arrangement,
    pub(super) rounds: Vec<LoadReport>,
}

/// Measures everything, round by round.
pub(super) fn run(plan: &Plan, arrangements: &[Vec<Arrangement>], bench: &Bench) -> Result<Vec<Outcome>> {
    let mut outcomes = unmeasured(plan, arrangements);
    let times = (plan.timing.warm_up, plan.timing.measure);
    for round in 0..plan.timing.rounds {
        for outcome in &mut outcomes {
            let count = outcome.contenders.len();
            for turn in 0..count {
                // Whoever goes first in one round goes last in the next.
                let contender = &mut outcome.contenders[(turn + round) % count];
                let Measured { cell, arrangement, rounds } = contender;
                bench.now(format!("round {}: {}", round + 1, cell.name()));
                rounds.push(children::measure(cell, *arrangement, bench, times)?);
                bench.done();
            }
        }
    }
    Ok(outcomes)
}

fn unmeasured(plan: &Plan, arrangements: &[Vec<Arrangement>]) -> Vec<Outcome> {
    let contender = |(cell, arrangement): (&Cell, &Arrangement)| Measured {
        cell: cell.clone(),
        arrangement: *arrangement,
        rounds: Vec::new(),
    };
    plan.comparisons
        .iter()
        .zip(arrangements)
        .map(|(comparison, arrangements)| Outcome {
            section: comparison.section,
            contenders: comparison.contenders.iter().zip(arrangements).map(contender).collect(),
        })
        .collect()
}
