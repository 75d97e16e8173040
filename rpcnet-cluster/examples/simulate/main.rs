//! Puts simulated clusters through what clusters go through, and says what came of it.
//!
//! ```text
//! cargo run --release -p rpcnet-cluster --example simulate -- --nodes 1000 --scenario crash --seeds 3
//! ```

#![expect(clippy::print_stdout, reason = "its results go to the terminal")]

mod arguments;
mod foca_node;
mod memory;
mod output;

use std::time::Instant;

use arguments::{Arguments, System};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use rpcnet_cluster::{
    membership::{Settings, Tags},
    simulation::{Core, CoreConfig, Protocol, scenarios::*},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut outcomes = Vec::new();
    for scenario in arguments.scenarios() {
        for system in &arguments.system {
            let started = Instant::now();
            let report = simulate(&arguments, scenario, *system);
            let outcome = output::Outcome { scenario, system: *system, took: started.elapsed(), report };
            println!("{}", output::table(&arguments, &outcome));
            outcomes.push(outcome);
        }
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, output::json(&arguments, &outcomes))?;
    }
    if let Some(folder) = &arguments.plot {
        output::plot(folder, &arguments, &outcomes)?;
    }
    Ok(())
}

fn simulate(arguments: &Arguments, scenario: arguments::Scenario, system: System) -> Report {
    let settings = match system {
        System::Adaptive => Settings::default(),
        System::Plain => Settings::plain(),
        System::Foca => return run::<foca_node::FocaNode>(arguments, scenario, &foca_node::config),
    };
    let tags = match arguments.tag_bytes {
        0 => Tags::default(),
        bytes => Tags::default().with("tag", &"x".repeat(bytes.saturating_sub(6))).unwrap_or_default(),
    };
    run::<Core>(arguments, scenario, &|nodes| CoreConfig::new(settings.clone(), tags.clone(), nodes))
}

fn run<P: Protocol>(
    arguments: &Arguments,
    scenario: arguments::Scenario,
    config: &dyn Fn(usize) -> P::Config,
) -> Report {
    use arguments::Scenario;
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}") {
        bar.set_style(style);
    }
    bar.set_message(scenario.name());
    let progress = |share: f64| bar.set_position((share * 1000.0) as u64);
    let stage = Stage::<P> {
        nodes: arguments.nodes,
        seeds: arguments.seeds,
        first_seed: arguments.first_seed,
        config,
        progress: &progress,
    };
    let duration = arguments.duration();
    let report = match scenario {
        Scenario::Crash => crash(&stage),
        Scenario::Loss10 => loss(&stage, 0.1, duration, Some(0.0)),
        Scenario::Loss30 => {
            let node_seconds = stage.nodes as f64 * duration.as_secs_f64() * stage.seeds as f64;
            loss(&stage, 0.3, duration, Some(node_seconds / 1e5))
        }
        Scenario::Bursts => bursts(&stage, duration, Some(0.0)),
        Scenario::Stall => stall(&stage),
        Scenario::Update => update(&stage),
        Scenario::Idle => idle(&stage),
        Scenario::Half => partition(&stage, 0.5, duration),
        Scenario::Third => partition(&stage, 0.3, duration),
        Scenario::Bootstrap => bootstrap(&stage),
        Scenario::Churn => churn(&stage),
        Scenario::MassRestart => mass_restart(&stage),
        Scenario::Memory => memory::memory(arguments.nodes),
    };
    bar.finish_and_clear();
    report
}
