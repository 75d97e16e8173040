//! What to simulate.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};

/// Puts simulated clusters through what clusters go through, and says what came of it.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// How many nodes each cluster has.
    #[arg(long, default_value_t = 1000)]
    pub(crate) nodes: usize,
    /// What they go through; all of it if not given.
    #[arg(long, value_enum)]
    pub(crate) scenario: Vec<Scenario>,
    /// How many clusters, each with a seed of its own.
    #[arg(long, default_value_t = 1)]
    pub(crate) seeds: u64,
    /// The first of the seeds.
    #[arg(long, default_value_t = 1)]
    pub(crate) first_seed: u64,
    /// Which protocol.
    #[arg(long, value_enum, default_values_t = [System::Adaptive])]
    pub(crate) system: Vec<System>,
    /// Simulated seconds, of scenarios that last as long as one likes.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u64,
    /// Bytes of tags that each node has.
    #[arg(long, default_value_t = 0)]
    pub(crate) tag_bytes: usize,
    /// Writes all figures and curves to this file.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Draws the curves into this folder, as SVG.
    #[arg(long)]
    pub(crate) plot: Option<PathBuf>,
}

/// What a cluster goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Nodes crash, a few at a time.
    Crash,
    /// One datagram in ten is lost.
    Loss10,
    /// Three datagrams in ten are lost.
    Loss30,
    /// Losses come in bursts.
    Bursts,
    /// Some nodes stand still again and again.
    Stall,
    /// A node publishes a tag.
    Update,
    /// Nothing happens.
    Idle,
    /// The network falls in halves and heals.
    Half,
    /// Three nodes in ten are cut off and come back.
    Third,
    /// All nodes start at once from three seeds.
    Bootstrap,
    /// Nodes come and go all the time.
    Churn,
    /// Half of the nodes restart at once.
    MassRestart,
    /// One node learns of so many others: how much does it grow?
    Memory,
}

/// Which protocol the nodes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum System {
    /// The membership core as it ships.
    Adaptive,
    /// The same core as SWIM was published.
    Plain,
    /// foca 2.0. It has no suspicions to observe, no tags and no partitions.
    Foca,
}

impl Arguments {
    /// What to go through.
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        if self.scenario.is_empty() { Scenario::value_variants().to_vec() } else { self.scenario.clone() }
    }

    /// How long scenarios last that last as long as one likes.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl Scenario {
    /// As on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl System {
    /// As on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
