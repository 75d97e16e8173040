//! The tables that a person reads.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use procfs::{CpuInfo, Current};

use super::idle::Idle;
use super::measure::{Measured, Outcome};
use super::plan::{Arrangement, Cell, Plan, Section};
use super::stats::{Medians, Ratios, Spread};
use crate::cli::Options;

/// Says what is about to be measured.
pub(super) fn opening(options: &Options, plan: &Plan) {
    println!(
        "{}: a client and a server process on 127.0.0.1; {} rounds of {:?} a cell after {:?} of warm-up.",
        machine(),
        plan.timing.rounds,
        plan.timing.measure,
        plan.timing.warm_up,
    );
    if options.quick {
        println!("Quick: short cells and few rounds, so expect rougher figures than a full run's.");
    }
}

/// The processor and the kernel, as far as the system tells.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = CpuInfo::current().ok().and_then(|info| info.model_name(0).map(str::to_owned));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores of {}, Linux {}", model.as_deref().unwrap_or("unknown make"), kernel.trim())
}

/// Prints one section's table, if anything in it was measured.
pub(super) fn section(section: Section, outcomes: &[Outcome]) {
    let outcomes: Vec<_> = outcomes.iter().filter(|o| o.section == section).collect();
    if outcomes.is_empty() {
        return;
    }
    let mut table = new_table(&HEADINGS);
    for outcome in &outcomes {
        for measured in &outcome.contenders {
            table.add_row(row(section, outcome, measured));
        }
    }
    println!("\n{}\n\n{table}", title(section));
    println!("Ratios: {}, median of the rounds (lowest to highest); above 1 is in its favour.", compared(&outcomes));
}

/// Who is compared with the rows of a table.
fn compared(outcomes: &[&Outcome]) -> String {
    let mut references: Vec<_> = outcomes.iter().map(|outcome| outcome.contenders[0].cell.name()).collect();
    references.dedup();
    match &references[..] {
        [only] => format!("{only} against the row"),
        _ => "the first row of each group against the row".to_owned(),
    }
}

/// Prints memory per idle connection.
pub(super) fn idle(weights: &[Idle]) {
    let Some(first) = weights.first() else {
        return;
    };
    let mut table = new_table(&["system", "server KiB", "server, of the first", "client KiB", "client, of the first"]);
    for idle in weights {
        table.add_row([
            idle.system.to_string(),
            format!("{:.1}", idle.server_bytes() / 1_024.0),
            format!("{:.2}", idle.server_bytes() / first.server_bytes()),
            format!("{:.1}", idle.client_bytes() / 1_024.0),
            format!("{:.2}", idle.client_bytes() / first.client_bytes()),
        ]);
    }
    println!("\nMemory per idle connection, {} of them\n\n{table}", first.connections);
}

fn new_table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(headings.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(section: Section, outcome: &Outcome, measured: &Measured) -> Vec<String> {
    let medians = Medians::of(measured);
    let ratios = Ratios::of(outcome, measured);
    let ratio = |figure: fn(Ratios) -> Spread| ratios.map(figure).map_or_else(String::new, spread);
    vec![
        setting(section, &measured.cell),
        measured.cell.name(),
        runtime(measured.arrangement),
        format!("{:.0}", medians.calls_per_second),
        ratio(|ratios| ratios.calls_per_second),
        format!("{:.1}", medians.p50_us),
        format!("{:.1}", medians.p99_us),
        format!("{:.1}", medians.p999_us),
        ratio(|ratios| ratios.p50),
        ratio(|ratios| ratios.p99),
        format!("{:.2}", medians.client_cpu_us_per_call),
        format!("{:.2}", medians.server_cpu_us_per_call),
        format!("{:.1}", medians.server_memory_bytes / f64::from(1 << 20)),
    ]
}

fn runtime(arrangement: Arrangement) -> String {
    let Arrangement { server, client, placement } = arrangement;
    let flavors =
        if server == client { server.as_str().to_owned() } else { format!("{}/{}", server.as_str(), client.as_str()) };
    format!("{flavors}, {}", placement.as_str())
}

fn spread(spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    format!("{median:.2} ({min:.2}-{max:.2})")
}

fn setting(section: Section, cell: &Cell) -> String {
    match section {
        Section::Connections => format!("{} connections", cell.connections),
        Section::Compute => format!("{} in flight", cell.in_flight),
        Section::Grid | Section::Apart | Section::Mtu | Section::Payloads => {
            format!("{}, {} in flight", size(cell.payload_bytes), cell.in_flight)
        }
    }
}

fn title(section: Section) -> &'static str {
    match section {
        Section::Grid => "Echo, one connection",
        Section::Apart => "One call at a time, a core each",
        Section::Compute => "Handlers that compute 200 us each, one connection: two server threads against one",
        Section::Mtu => "Path MTU of 9,000 bytes against the default, one connection",
        Section::Connections => "Growth: 64 B, 1,000 calls in flight over more and more connections",
        Section::Payloads => "Growth: larger and larger payloads, one connection",
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

const HEADINGS: [&str; 13] = [
    "",
    "system",
    "runtime",
    "calls/s",
    "calls/s ratio",
    "p50 us",
    "p99 us",
    "p99.9 us",
    "p50 ratio",
    "p99 ratio",
    "client CPU us/call",
    "server CPU us/call",
    "server MiB",
];
