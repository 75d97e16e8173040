//! A cluster under load, on one machine, live: what callers notice when workers are killed, paused, drained, restarted.
//!
//! ```text
//! cargo run --release -p cluster-demo
//! cargo run --release -p cluster-demo -- --hedging off --workers 6 --json figures.json
//! ```
//!
//! This process is the director: it finds the workers, which are processes of their own, by gossip, and calls them all the
//! time. It ends by itself, in under a minute; with exit code 0 only if no call was lost that must not be.

mod board;
mod fleet;
mod load;
mod outage;
mod report;
mod scenes;
mod service;
mod show;
mod sights;
mod tally;
mod throughput;
mod worker;

use std::{error::Error, io::Write, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};

/// A cluster under load: what callers notice when workers are killed, paused, drained and restarted.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: Options,
}

/// What the show is to be like.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Whether slow calls are made at a second worker, too.
    #[arg(long, value_enum, default_value = "on")]
    hedging: Switch,
    /// How many workers there are.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=32))]
    workers: u16,
    /// How long each scene is watched, in seconds.
    #[arg(long, default_value_t = 4.0, value_parser = seconds)]
    seconds: f64,
    /// Calls a second (default: 1000, or 100 with `--quick`).
    #[arg(long, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    rate: Option<u32>,
    /// How long a call may take, in seconds (default: 1, or 10 with `--quick`).
    #[arg(long, value_parser = seconds)]
    deadline: Option<f64>,
    /// Shorter scenes, and less load with more time for each call, so that it also ends well on a machine that is busy.
    #[arg(long)]
    quick: bool,
    /// Writes the figures to this file, too.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// One worker; the show starts them.
    #[command(hide = true)]
    Worker {
        /// Its name.
        name: String,
        /// Where it takes calls.
        addr: String,
        /// A member of the cluster.
        seed: String,
    },
}

impl Options {
    /// How long a scene is watched.
    fn scene(&self) -> Duration {
        Duration::from_secs_f64(if self.quick { self.seconds.min(1.5) } else { self.seconds })
    }

    /// Calls a second.
    fn rate(&self) -> u32 {
        self.rate.unwrap_or(if self.quick { 100 } else { 1_000 })
    }

    /// How long a call may take.
    fn deadline(&self) -> Duration {
        Duration::from_secs_f64(self.deadline.unwrap_or(if self.quick { 10.0 } else { 1.0 }))
    }

    /// How many rounds of throughput are measured, and how long each of a round's parts takes.
    fn rounds(&self) -> (usize, Duration) {
        if self.quick { (3, Duration::from_millis(100)) } else { (7, Duration::from_millis(250)) }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.5..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("give a number from 0.5 to 600".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { role, options } = Arguments::parse();
    let result = match role {
        Some(Role::Worker { name, addr, seed }) => worker::run(&name, &addr, &seed).await.map(|()| true),
        None => show::run(&options).await,
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&*error),
    }
}

fn complain(error: &dyn Error) -> ExitCode {
    // There is nobody left to tell if that fails.
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::FAILURE
}
