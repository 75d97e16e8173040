//! What a run measures: comparisons, each with its contenders.

use std::time::Duration;

use crate::cli::{Flavor, Options, Part, Work};
use crate::placement::Placement;
use crate::systems::SystemName;

/// Everything that one run measures under load.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order of the tables.
    pub(super) comparisons: Vec<Comparison>,
    /// How long and how often.
    pub(super) timing: Timing,
}

/// How long and how often each cell is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) rounds: usize,
    pub(super) warm_up: Duration,
    pub(super) measure: Duration,
    /// Measurement of a pilot cell, which only chooses the arrangement.
    pub(super) pilot: Duration,
    /// How often the pilot tries each arrangement.
    pub(super) pilot_trials: usize,
}

/// Contenders that are measured next to each other; the first is the reference.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) section: Section,
    pub(super) contenders: Vec<Cell>,
}

/// The table that a comparison belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Grid,
    Apart,
    Compute,
    Mtu,
    Stream,
    Large,
    Mixed,
    Connections,
    Payloads,
}

impl Section {
    pub(super) const ALL: [Self; 9] = [
        Self::Grid,
        Self::Apart,
        Self::Compute,
        Self::Mtu,
        Self::Stream,
        Self::Large,
        Self::Mixed,
        Self::Connections,
        Self::Payloads,
    ];
}

/// One system doing one thing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) system: SystemName,
    pub(super) work: Work,
    pub(super) payload_bytes: usize,
    /// Calls in flight, or streams, all connections together.
    pub(super) in_flight: usize,
    pub(super) connections: usize,
    /// Huge messages of this size flow each way beside the calls.
    pub(super) flow_bytes: Option<u64>,
    pub(super) mtu: Option<u16>,
    /// Worker threads of the server, on a multi-threaded runtime.
    pub(super) server_threads: Option<usize>,
    /// How it has to be run; absent where the pilot chooses.
    pub(super) arrangement: Option<Arrangement>,
}

/// How the two processes of a cell are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrangement {
    pub(super) server: Flavor,
    pub(super) client: Flavor,
    pub(super) placement: Placement,
}

impl Arrangement {
    pub(super) const fn new(server: Flavor, client: Flavor, placement: Placement) -> Self {
        Self { server, client, placement }
    }
}

impl Cell {
    fn echo(system: SystemName, payload_bytes: usize, in_flight: usize) -> Self {
        Self {
            system,
            work: Work::Echo,
            payload_bytes,
            in_flight,
            connections: 1,
            flow_bytes: None,
            mtu: None,
            server_threads: None,
            arrangement: None,
        }
    }

    /// A server whose connections rest.
    pub(super) fn idle(system: SystemName, connections: usize) -> Self {
        Self { connections, ..Self::echo(system, 64, 0) }
    }

    /// The system's name with what was varied.
    pub(super) fn name(&self) -> String {
        let mut name = self.system.to_string();
        if let Some(mtu) = self.mtu {
            name += &format!("-mtu-{mtu}");
        }
        if let Some(threads) = self.server_threads {
            name += &format!("-threads-{threads}");
        }
        if let Some(bytes) = self.flow_bytes {
            name += &format!("-beside-{}-mib", bytes >> 20);
        }
        name
    }

    /// Payload that a call moves, both ways together.
    pub(super) fn payload_bytes_per_call(&self) -> f64 {
        let ways = match self.work {
            Work::Echo => 2.0,
            Work::Upload | Work::Download | Work::Items => 1.0,
            Work::Compute => 0.0,
        };
        self.payload_bytes as f64 * ways
    }

    /// The arrangements that the pilot is to choose from: the same for whatever is not fixed.
    pub(super) fn arrangements(&self) -> Vec<Arrangement> {
        match (self.arrangement, self.system) {
            (Some(fixed), _) => vec![fixed],
            // One socket, one call: a second thread could only add wake-ups.
            (None, SystemName::Udp) => vec![ONE_CORE, A_CORE_EACH],
            (None, _) => vec![ONE_CORE, A_CORE_EACH, ALL_CORES],
        }
    }
}

impl Plan {
    /// What the options ask for.
    pub(super) fn of(options: &Options) -> Self {
        Self {
            comparisons: if options.growth { growth(options) } else { comparison(options) },
            timing: Timing::of(options),
        }
    }

    /// How often the pilot measures.
    pub(super) fn trials(&self) -> usize {
        let choices = self.cells().map(|cell| cell.arrangements().len());
        choices.filter(|&choices| choices > 1).sum::<usize>() * self.timing.pilot_trials
    }

    /// How often the rounds measure.
    pub(super) fn measurements(&self) -> usize {
        self.cells().count() * self.timing.rounds
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.comparisons.iter().flat_map(|comparison| &comparison.contenders)
    }
}

impl Timing {
    fn of(options: &Options) -> Self {
        let millis = Duration::from_millis;
        let timing = if options.quick {
            Self { rounds: 3, warm_up: millis(100), measure: millis(280), pilot: millis(90), pilot_trials: 1 }
        } else {
            Self { rounds: 5, warm_up: millis(500), measure: millis(2_000), pilot: millis(500), pilot_trials: 2 }
        };
        Self {
            rounds: options.rounds.unwrap_or(timing.rounds).max(1),
            measure: options.seconds.unwrap_or(timing.measure),
            ..timing
        }
    }
}

fn comparison(options: &Options) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    if options.parts.contains(&Part::Grid) {
        for &payload in &options.payloads {
            for &in_flight in &options.in_flight {
                comparisons.push(grid(options, payload, in_flight));
            }
        }
    }
    if options.parts.contains(&Part::Apart) {
        comparisons.push(apart(options));
    }
    if options.parts.contains(&Part::Compute) {
        comparisons.extend(computing(options));
    }
    if options.parts.contains(&Part::Mtu) {
        comparisons.extend(ethernet(options));
    }
    if options.parts.contains(&Part::Stream) {
        let cell = |system| Cell { work: Work::Items, ..Cell::echo(system, 64, 1) };
        comparisons.push(Comparison { section: Section::Stream, contenders: with_ethernet(options, cell) });
    }
    if options.parts.contains(&Part::Large) {
        comparisons.extend(large(options));
    }
    if options.parts.contains(&Part::Mixed) {
        comparisons.extend(mixed(options));
    }
    comparisons.retain(|comparison| !comparison.contenders.is_empty());
    comparisons
}

fn grid(options: &Options, payload_bytes: usize, in_flight: usize) -> Comparison {
    let mut systems = if (payload_bytes, in_flight) == (64, 1) { with_floor(options) } else { options.systems.clone() };
    // Where a call's own cost counts, and that of its bytes.
    let shows_ceiling = payload_bytes == 64 || in_flight == 64;
    if shows_ceiling && !options.quick && systems.contains(&SystemName::Rpcnet) && !systems.contains(&SystemName::Quic)
    {
        systems.push(SystemName::Quic);
    }
    let cell = |system| Cell::echo(system, payload_bytes, in_flight);
    Comparison { section: Section::Grid, contenders: systems.into_iter().map(cell).collect() }
}

/// What a call costs when client and server share no core, as on two machines.
fn apart(options: &Options) -> Comparison {
    let cell = |system| Cell { arrangement: Some(A_CORE_EACH), ..Cell::echo(system, 64, 1) };
    Comparison { section: Section::Apart, contenders: with_floor(options).into_iter().map(cell).collect() }
}

/// The systems, and the floor that any system's latency stands on.
fn with_floor(options: &Options) -> Vec<SystemName> {
    let mut systems = options.systems.clone();
    if !systems.contains(&SystemName::Udp) {
        systems.push(SystemName::Udp);
    }
    systems
}

/// Two server threads over one, for each system by itself.
fn computing(options: &Options) -> Vec<Comparison> {
    let cell = |system, threads| Cell {
        work: Work::Compute,
        server_threads: Some(threads),
        arrangement: Some(COMPUTING),
        ..Cell::echo(system, 0, 64)
    };
    let systems = options.systems.iter().filter(|system| system.is_framework());
    // The quick run keeps to the reference system.
    let count = if options.quick { 1 } else { usize::MAX };
    systems
        .take(count)
        .map(|&system| Comparison { section: Section::Compute, contenders: vec![cell(system, 2), cell(system, 1)] })
        .collect()
}

/// 1 KiB and 16 KiB with the packets of an Ethernet, and of one with jumbo frames: rpcnet chooses its own path MTU, and TCP
/// follows the interface.
fn ethernet(options: &Options) -> Vec<Comparison> {
    if !options.systems.contains(&SystemName::Rpcnet) {
        return Vec::new();
    }
    // The quick run keeps to what an Ethernet costs rpcnet.
    let systems = if options.quick { vec![SystemName::Rpcnet] } else { options.systems.clone() };
    let comparison = |&(payload_bytes, mtu)| {
        let contenders = systems.iter().map(|&system| on_path_of(mtu, Cell::echo(system, payload_bytes, 64)));
        let loopback = Cell::echo(SystemName::Rpcnet, payload_bytes, 64);
        Comparison { section: Section::Mtu, contenders: contenders.chain([loopback]).collect() }
    };
    let paths: &[_] =
        if options.quick { &[(16_384, ETHERNET)] } else { &[(1_024, ETHERNET), (16_384, ETHERNET), (16_384, JUMBO)] };
    paths.iter().map(comparison).collect()
}

/// The same without what rpcnet's default makes of the loopback interface.
fn on_path_of(mtu: u16, cell: Cell) -> Cell {
    match cell.system {
        SystemName::Rpcnet | SystemName::Quic => Cell { mtu: Some(mtu), ..cell },
        _ => cell,
    }
}

fn on_ethernet(cell: Cell) -> Cell {
    on_path_of(ETHERNET, cell)
}

/// The systems that can stream, and are set up for large messages.
fn streaming(options: &Options) -> impl Iterator<Item = SystemName> {
    let streams = |system: &SystemName| matches!(system, SystemName::Rpcnet | SystemName::Tonic);
    options.systems.iter().copied().filter(streams)
}

/// They, and what they stand on; those that choose their path MTU once more with that of an Ethernet.
fn with_ethernet(options: &Options, cell: impl Fn(SystemName) -> Cell) -> Vec<Cell> {
    let mut cells: Vec<_> = streaming(options).map(&cell).collect();
    let default = cells.iter().find(|cell| cell.system == SystemName::Rpcnet).cloned();
    cells.extend(default.map(on_ethernet));
    if !cells.is_empty() && !options.quick {
        cells.extend([cell(SystemName::Quic), on_ethernet(cell(SystemName::Quic))]);
    }
    cells
}

/// Messages of 1 MiB up, down and both.
fn large(options: &Options) -> Vec<Comparison> {
    let works = [Work::Upload, Work::Download, Work::Echo];
    // The quick run keeps to the one that has both.
    let works = if options.quick { &works[2..] } else { &works[..] };
    let comparison = |&work| {
        let cell = |system| Cell { work, ..Cell::echo(system, 1 << 20, 4) };
        Comparison { section: Section::Large, contenders: with_ethernet(options, cell) }
    };
    works.iter().map(comparison).collect()
}

/// Small calls with huge messages beside them and without, for each system by itself, on a core each and on all cores.
fn mixed(options: &Options) -> Vec<Comparison> {
    let mut systems: Vec<_> = streaming(options).collect();
    if options.quick {
        // The quick run keeps to the reference system.
        systems.truncate(1);
    } else if !systems.is_empty() {
        systems.push(SystemName::Quic);
    }
    let comparison = |(system, arrangement)| {
        let beside = Cell { flow_bytes: Some(FLOW_BYTES), arrangement: Some(arrangement), ..Cell::echo(system, 64, 8) };
        let alone = Cell { flow_bytes: None, ..beside.clone() };
        Comparison { section: Section::Mixed, contenders: vec![alone, beside] }
    };
    let arrangements = [A_CORE_EACH, ALL_CORES];
    systems.iter().flat_map(|&system| arrangements.map(|arrangement| comparison((system, arrangement)))).collect()
}

/// One thing moves at a time: connections under the same calls in flight, or the payload.
fn growth(options: &Options) -> Vec<Comparison> {
    let connections = [1, 10, 100, 1_000].map(|connections| {
        let cell = |&system| Cell { connections, ..Cell::echo(system, 64, 1_000) };
        Comparison { section: Section::Connections, contenders: options.systems.iter().map(cell).collect() }
    });
    let payloads = [64, 1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20].map(|payload_bytes| {
        let cell = |&system| Cell::echo(system, payload_bytes, 16);
        Comparison { section: Section::Payloads, contenders: options.systems.iter().map(cell).collect() }
    });
    connections.into_iter().chain(payloads).collect()
}

const ONE_CORE: Arrangement = Arrangement::new(Flavor::Current, Flavor::Current, Placement::OneCore);
const A_CORE_EACH: Arrangement = Arrangement::new(Flavor::Current, Flavor::Current, Placement::Apart);
const ALL_CORES: Arrangement = Arrangement::new(Flavor::Multi, Flavor::Multi, Placement::Free);
/// Only the number of the server's threads varies.
const COMPUTING: Arrangement = Arrangement::new(Flavor::Multi, Flavor::Current, Placement::Free);
const FLOW_BYTES: u64 = 64 << 20;

/// Path MTU in bytes.
const ETHERNET: u16 = 1_500;
/// The same with jumbo frames.
const JUMBO: u16 = 9_000;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn plan(arguments: &[&str]) -> Plan {
        Plan::of(&Cli::parse_from([&["peers"], arguments].concat()).options)
    }

    #[test]
    fn every_payload_meets_every_number_of_calls_in_flight() {
        let plan = plan(&[]);
        let grid = plan.comparisons.iter().filter(|comparison| comparison.section == Section::Grid);
        let mut cells: Vec<_> = grid
            .map(|comparison| (comparison.contenders[0].payload_bytes, comparison.contenders[0].in_flight))
            .collect();
        cells.dedup();
        assert_eq!(cells.len(), 9);
    }

    #[test]
    fn a_system_is_found_once_for_each_cell_of_the_grid() {
        for comparison in plan(&[]).comparisons {
            let mut names: Vec<_> = comparison.contenders.iter().map(Cell::name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), comparison.contenders.len());
        }
    }

    #[test]
    fn every_system_tries_the_same_arrangements_in_every_cell() {
        for plan in [plan(&["--parts", "grid"]), plan(&["--growth"])] {
            for cell in plan.cells().filter(|cell| cell.system != SystemName::Udp) {
                assert_eq!(cell.arrangements(), [ONE_CORE, A_CORE_EACH, ALL_CORES], "{cell:?}");
            }
        }
    }

    #[test]
    fn the_floor_is_tried_on_one_core_and_on_two() {
        let plan = plan(&["--parts", "grid"]);
        let floors: Vec<_> = plan.cells().filter(|cell| cell.system == SystemName::Udp).collect();
        assert_eq!(floors.len(), 1);
        assert_eq!(floors[0].arrangements(), [ONE_CORE, A_CORE_EACH]);
    }

    #[test]
    fn one_call_at_a_time_is_also_measured_on_a_core_each() {
        use SystemName::{Rpcnet, Tarpc, Tonic, Udp};
        for arguments in [&[][..], &["--quick"]] {
            let plan = plan(arguments);
            let mut apart = plan.comparisons.iter().filter(|comparison| comparison.section == Section::Apart);
            let contenders = &apart.next().unwrap().contenders;
            assert!(apart.next().is_none());
            assert_eq!(contenders.iter().map(|cell| cell.system).collect::<Vec<_>>(), [Rpcnet, Tonic, Tarpc, Udp]);
            for cell in contenders {
                assert_eq!((cell.payload_bytes, cell.in_flight), (64, 1));
                assert_eq!(cell.arrangements(), [A_CORE_EACH]);
            }
        }
    }

    #[test]
    fn a_quick_run_measures_for_less_than_two_minutes() {
        let plan = plan(&["--quick"]);
        let timing = plan.timing;
        let spawning = Duration::from_millis(70);
        let total = (timing.warm_up + timing.measure + spawning) * u32::try_from(plan.measurements()).unwrap()
            + (timing.warm_up + timing.pilot + spawning) * u32::try_from(plan.trials()).unwrap();
        // The rest is for the idle connections' handshakes, and for machines that are slower.
        assert!(total < Duration::from_secs(90), "{total:?}");
    }
}
