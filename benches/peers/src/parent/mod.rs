//! The parent: plans, spawns children, measures in rounds, reports.

mod bench;
mod children;
mod idle;
mod json;
mod measure;
mod pilot;
mod plan;
mod plot;
mod report;
mod stats;

use anyhow::{Context, Result, ensure};

use crate::cli::{Options, Part};
use bench::Bench;
use plan::{Plan, Section};

/// Runs the comparison, or the growth rows, and prints them.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(!cfg!(debug_assertions), "build with --release: debug figures say nothing");
    let started = std::time::Instant::now();
    let plan = Plan::of(options);
    report::opening(options, &plan);

    let bench = Bench::new(&plan)?;
    let arrangements = pilot::run(&plan, &bench)?;
    let outcomes = measure::run(&plan, &arrangements, &bench)?;
    let weighs = !options.growth && options.parts.contains(&Part::Idle);
    let idle = if weighs { idle::run(options, &bench)? } else { Vec::new() };
    bench.clear();

    for section in Section::ALL {
        report::section(section, &outcomes);
    }
    report::idle(&idle);
    println!("Took {:.0} s.", started.elapsed().as_secs_f64());
    if let Some(folder) = &options.plot {
        plot::write(folder, &outcomes)?;
    }
    if let Some(path) = &options.json {
        let file = std::fs::File::create(path).with_context(|| format!("creating {}", path.display()))?;
        serde_json::to_writer_pretty(file, &json::rows(&outcomes, &idle))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
