//! Lets simulated callers choose among simulated workers, and says what came of it.
//!
//! ```text
//! cargo run --release -p rpcnet-cluster --features simulation --example balance -- --scenario exponential --seeds 5
//! ```

#![expect(clippy::print_stdout, reason = "its results go to the terminal")]

mod output;

use std::{path::PathBuf, time::Instant};

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rpcnet_cluster::simulation::balance::{self, Stage};

/// Lets simulated callers choose among simulated workers, and says what came of it.
#[derive(Debug, Parser)]
struct Arguments {
    /// What they go through; all of it if not given.
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// How often, each time with a seed of its own.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// The first of the seeds.
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Writes all figures to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// 50 equal workers, 20 callers, load 0.8, exponential calls.
    Exponential,
    /// The same with bounded Pareto calls.
    Heavy,
    /// The same with lognormal calls.
    Lognormal,
    /// The same with exponential calls and workers of speed 1, 2 and 4.
    Uneven,
    /// 11 workers, one of which answers after 2 s; calls are given up after 1 s.
    Stuck,
    /// All of 10 workers are down for 30 s.
    Outage,
    /// One of 10 workers fails half of its calls.
    Failing,
    /// Ten workers start again, one after the other.
    Restarts,
    /// One of four workers returns to callers that wait for answers before they call again.
    Return,
}

impl From<Scenario> for balance::Scenario {
    fn from(scenario: Scenario) -> Self {
        match scenario {
            Scenario::Exponential => Self::Exponential,
            Scenario::Heavy => Self::Heavy,
            Scenario::Lognormal => Self::Lognormal,
            Scenario::Uneven => Self::Uneven,
            Scenario::Stuck => Self::Stuck,
            Scenario::Outage => Self::Outage,
            Scenario::Failing => Self::Failing,
            Scenario::Restarts => Self::Restarts,
            Scenario::Return => Self::Return,
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let all = Scenario::value_variants();
    let scenarios = if arguments.scenario.is_empty() { all } else { &arguments.scenario };
    let mut outcomes = Vec::new();
    for scenario in scenarios {
        let name = scenario.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let bar = ProgressBar::new(1000);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}") {
            bar.set_style(style);
        }
        bar.set_message(name.clone());
        let progress = |share: f64| bar.set_position((share * 1000.0) as u64);
        let started = Instant::now();
        let stage = Stage { seeds: arguments.seeds, first_seed: arguments.first_seed, progress: &progress };
        let figures = balance::Scenario::from(*scenario).run(&stage);
        bar.finish_and_clear();
        println!("{}", output::table(&name, arguments.seeds, &figures, started.elapsed()));
        outcomes.push((name, figures));
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, output::json(arguments.first_seed, &outcomes)?)?;
    }
    Ok(())
}
