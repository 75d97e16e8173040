//! Lets simulated callers choose among simulated workers, and says what came of it.
//!
//! ```text
//! cargo run --release -p rpcnet-cluster --features simulation --example balance -- --scenario exponential --seeds 5
//! ```

#![expect(clippy::print_stdout, reason = "its results go to the terminal")]

mod output;

use std::{path::PathBuf, time::Instant};

use clap::{
    Parser,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use indicatif::{ProgressBar, ProgressStyle};
use rpcnet_cluster::simulation::balance::{Scenario, Stage};

/// Lets simulated callers choose among simulated workers, and says what came of it.
#[derive(Debug, Parser)]
struct Arguments {
    /// What they go through; all of it if not given.
    #[arg(long, value_parser = scenario())]
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

fn scenario() -> impl TypedValueParser<Value = Scenario> {
    let values = Scenario::ALL.map(|scenario| PossibleValue::new(scenario.name).help(scenario.about));
    PossibleValuesParser::new(values)
        .try_map(|name| Scenario::ALL.into_iter().find(|scenario| scenario.name == name).ok_or("no such scenario"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let scenarios = if arguments.scenario.is_empty() { &Scenario::ALL[..] } else { &arguments.scenario };
    let mut outcomes = Vec::new();
    for scenario in scenarios {
        let name = scenario.name.to_owned();
        let bar = ProgressBar::new(1000);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}") {
            bar.set_style(style);
        }
        bar.set_message(name.clone());
        let progress = |share: f64| bar.set_position((share * 1000.0) as u64);
        let started = Instant::now();
        let stage = Stage { seeds: arguments.seeds, first_seed: arguments.first_seed, progress: &progress };
        let figures = scenario.run(&stage);
        bar.finish_and_clear();
        println!("{}", output::table(&name, arguments.seeds, &figures, started.elapsed()));
        outcomes.push((name, figures));
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, output::json(arguments.first_seed, &outcomes)?)?;
    }
    Ok(())
}
