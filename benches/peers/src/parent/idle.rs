//! Server memory per idle connection, systems in turn.

use anyhow::Result;

use super::bench::Bench;
use super::children;
use super::plan::{Arrangement, Cell};
use super::stats::median;
use crate::cli::{Flavor, Options};
use crate::placement::Placement;
use crate::systems::SystemName;

/// One system's weight.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) system: SystemName,
    pub(super) connections: usize,
    /// Bytes of server memory per connection, one figure a round.
    server: Vec<f64>,
    /// The same of client memory.
    client: Vec<f64>,
}

impl Idle {
    /// Bytes of server memory per connection, the median of the rounds.
    pub(super) fn server_bytes(&self) -> f64 {
        median(&self.server)
    }

    /// Bytes of client memory per connection, the median of the rounds.
    pub(super) fn client_bytes(&self) -> f64 {
        median(&self.client)
    }
}

/// Weighs every system.
pub(super) fn run(options: &Options, bench: &Bench) -> Result<Vec<Idle>> {
    let connections = options.idle_connections;
    let systems = options.systems.iter().filter(|system| system.is_framework());
    let mut weights: Vec<_> =
        systems.map(|&system| Idle { system, connections, server: Vec::new(), client: Vec::new() }).collect();
    for round in 0..if options.quick { 1 } else { 3 } {
        for idle in &mut weights {
            bench.now(format!("idle connections, round {}: {}", round + 1, idle.system));
            let cell = Cell::idle(idle.system, connections);
            let report = children::hold(&cell, ARRANGEMENT, bench)?;
            let connections = report.connections as f64;
            idle.server.push(report.server_bytes / connections);
            idle.client.push(report.client_bytes / connections);
        }
    }
    Ok(weights)
}

// One thread: one arena of the allocator, the least noise.
const ARRANGEMENT: Arrangement = Arrangement::new(Flavor::Current, Flavor::Current, Placement::Free);
