//! What a cluster goes through, and what is measured meanwhile.

mod bootstrap;
mod churn;
mod crash;
mod idle;
mod loss;
mod partition;
mod report;
mod stall;
mod update;

pub use self::{
    bootstrap::bootstrap,
    churn::{churn, mass_restart},
    crash::crash,
    idle::idle,
    loss::{bursts, loss},
    partition::partition,
    report::{Curve, Measure, Report},
    stall::stall,
    update::update,
};

use super::Protocol;

/// What a scenario runs with.
pub struct Stage<'a, P: Protocol> {
    /// How many nodes.
    pub nodes: usize,
    /// How many worlds, each with a seed of its own.
    pub seeds: u64,
    /// The first seed.
    pub first_seed: u64,
    /// What the nodes of a world of so many have in common.
    pub config: &'a dyn Fn(usize) -> P::Config,
    /// Is told what share of the work is done.
    pub progress: &'a dyn Fn(f64),
}

impl<P: Protocol> Stage<'_, P> {
    /// The seeds of all worlds.
    fn seeds(&self) -> impl Iterator<Item = u64> {
        self.first_seed..self.first_seed + self.seeds
    }

    /// `done` of `all` steps in a world are done.
    fn tell(&self, seed: u64, done: usize, all: usize) {
        let worlds = (seed - self.first_seed) as f64;
        (self.progress)((worlds + done as f64 / all as f64) / self.seeds as f64);
    }
}

fn seconds(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e6
}
