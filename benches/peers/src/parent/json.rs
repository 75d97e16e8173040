//! The machine-readable form: one object per contender of each comparison.

use serde::Serialize;

use super::idle::Idle;
use super::measure::{Measured, Outcome};
use super::plan::Section;
use super::stats::{Medians, Ratios};
use crate::cli::{Flavor, Work};
use crate::message::COMPUTE_MICROS;
use crate::placement::Placement;

/// One contender; figures are medians over the rounds, null where there is no such figure.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    section: &'static str,
    /// The system's name; with what was varied, as in `rpcnet-mtu-1500`, where something was.
    system: String,
    work: Work,
    payload_bytes: usize,
    in_flight: usize,
    connections: usize,
    compute_micros: Option<u64>,
    /// Huge messages of this size flowed each way beside the calls.
    flow_bytes: Option<u64>,
    server_flavor: Flavor,
    client_flavor: Flavor,
    placement: Placement,
    rounds: usize,
    /// Of items where the work is a stream of them.
    calls_per_second: f64,
    /// Payload in both directions.
    payload_bytes_per_second: f64,
    flow_bytes_per_second: f64,
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
    client_cpu_us_per_call: f64,
    server_cpu_us_per_call: f64,
    server_memory_bytes: f64,
    /// The same in all of a system's rows; absent where it was not weighed.
    server_bytes_per_idle_connection: Option<f64>,
    client_bytes_per_idle_connection: Option<f64>,
    /// What the ratios compare with.
    reference: String,
    /// Above 1 the reference is better.
    reference_over_this: Option<Ratios>,
}

/// All rows, in the tables' order.
pub(super) fn rows(outcomes: &[Outcome], idle: &[Idle]) -> Vec<Row> {
    outcomes
        .iter()
        .flat_map(|outcome| {
            let row = |measured| row(outcome, measured, idle);
            outcome.contenders.iter().map(row)
        })
        .collect()
}

fn row(outcome: &Outcome, measured: &Measured, idle: &[Idle]) -> Row {
    let Measured { cell, arrangement, rounds } = measured;
    let medians = Medians::of(measured);
    let weight = idle.iter().find(|idle| idle.system == cell.system);
    Row {
        section: section_name(outcome.section),
        system: cell.name(),
        work: cell.work,
        payload_bytes: cell.payload_bytes,
        in_flight: cell.in_flight,
        connections: cell.connections,
        compute_micros: (cell.work == Work::Compute).then_some(COMPUTE_MICROS),
        flow_bytes: cell.flow_bytes,
        server_flavor: arrangement.server,
        client_flavor: arrangement.client,
        placement: arrangement.placement,
        rounds: rounds.len(),
        calls_per_second: medians.calls_per_second,
        payload_bytes_per_second: medians.calls_per_second * cell.payload_bytes_per_call(),
        flow_bytes_per_second: medians.flow_bytes_per_second,
        p50_us: medians.p50_us,
        p99_us: medians.p99_us,
        p999_us: medians.p999_us,
        client_cpu_us_per_call: medians.client_cpu_us_per_call,
        server_cpu_us_per_call: medians.server_cpu_us_per_call,
        server_memory_bytes: medians.server_memory_bytes,
        server_bytes_per_idle_connection: weight.map(Idle::server_bytes),
        client_bytes_per_idle_connection: weight.map(Idle::client_bytes),
        reference: outcome.contenders[0].cell.name(),
        reference_over_this: Ratios::of(outcome, measured),
    }
}

fn section_name(section: Section) -> &'static str {
    match section {
        Section::Grid => "grid",
        Section::Apart => "apart",
        Section::Compute => "compute",
        Section::Mtu => "mtu",
        Section::Stream => "stream",
        Section::Large => "large",
        Section::Mixed => "mixed",
        Section::Connections => "growth-connections",
        Section::Payloads => "growth-payloads",
    }
}
