//! The tables that a person reads.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use procfs::{CpuInfo, Current};

use super::idle::Idle;
use super::measure::{Measured, Outcome};
use super::plan::{Arrangement, Cell, Plan, Section};
use super::stats::{Medians, Ratios, Spread};
use crate::cli::{Options, Work};

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
    let columns = columns(section);
    let mut table = new_table(&columns.iter().map(|column| column.heading).collect::<Vec<_>>());
    for outcome in &outcomes {
        for measured in &outcome.contenders {
            let row = Row::of(section, outcome, measured);
            table.add_row(columns.iter().map(|column| (column.cell)(&row)));
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

/// What a row is made of.
struct Row<'a> {
    section: Section,
    measured: &'a Measured,
    medians: Medians,
    ratios: Option<Ratios>,
}

impl<'a> Row<'a> {
    fn of(section: Section, outcome: &Outcome, measured: &'a Measured) -> Self {
        let (medians, ratios) = (Medians::of(measured), Ratios::of(outcome, measured));
        Self { section, measured, medians, ratios }
    }

    fn ratio(&self, figure: fn(Ratios) -> Spread) -> String {
        self.ratios.map(figure).map_or_else(String::new, spread)
    }

    fn megabytes_per_second(&self) -> f64 {
        self.medians.calls_per_second * self.measured.cell.payload_bytes_per_call() / 1e6
    }
}

/// One figure of every row.
struct Column {
    heading: &'static str,
    cell: fn(&Row<'_>) -> String,
}

/// What is said in a section's table: items have no latency of their own, and large messages are about bytes.
fn columns(section: Section) -> Vec<Column> {
    let column = |heading, cell| Column { heading, cell };
    let mut columns = vec![
        column("", |row| setting(row.section, &row.measured.cell)),
        column("system", |row| row.measured.cell.name()),
        column("runtime", |row| runtime(row.measured.arrangement)),
    ];
    if section == Section::Large {
        columns.push(column("MB/s", |row| format!("{:.0}", row.megabytes_per_second())));
    }
    let items = section == Section::Stream;
    columns.extend([
        column(if items { "items/s" } else { "calls/s" }, |row| format!("{:.0}", row.medians.calls_per_second)),
        column(if items { "items/s ratio" } else { "calls/s ratio" }, |row| {
            row.ratio(|ratios| ratios.calls_per_second)
        }),
    ]);
    if !items {
        columns.extend([
            column("p50 us", |row| format!("{:.1}", row.medians.p50_us)),
            column("p99 us", |row| format!("{:.1}", row.medians.p99_us)),
            column("p99.9 us", |row| format!("{:.1}", row.medians.p999_us)),
            column("p50 ratio", |row| row.ratio(|ratios| ratios.p50)),
            column("p99 ratio", |row| row.ratio(|ratios| ratios.p99)),
        ]);
    }
    if section == Section::Mixed {
        columns.push(column("flow MB/s each way", |row| match row.measured.cell.flow_bytes {
            Some(_) => format!("{:.0}", row.medians.flow_bytes_per_second / 1e6),
            None => String::new(),
        }));
    }
    columns.extend([
        column(if items { "client CPU us/item" } else { "client CPU us/call" }, |row| {
            format!("{:.2}", row.medians.client_cpu_us_per_call)
        }),
        column(if items { "server CPU us/item" } else { "server CPU us/call" }, |row| {
            format!("{:.2}", row.medians.server_cpu_us_per_call)
        }),
        column("server MiB", |row| format!("{:.1}", row.medians.server_memory_bytes / f64::from(1 << 20))),
    ]);
    columns
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
        Section::Stream => format!("{} items", size(cell.payload_bytes)),
        Section::Large => format!("{} of {}, {} in flight", large(cell.work), size(cell.payload_bytes), cell.in_flight),
        Section::Grid | Section::Apart | Section::Mtu | Section::Mixed | Section::Payloads => {
            format!("{}, {} in flight", size(cell.payload_bytes), cell.in_flight)
        }
    }
}

/// Which way the bytes go.
pub(super) fn large(work: Work) -> &'static str {
    match work {
        Work::Upload => "requests",
        Work::Download => "answers",
        Work::Echo | Work::Compute | Work::Items => "both",
    }
}

fn title(section: Section) -> &'static str {
    match section {
        Section::Grid => "Echo, one connection",
        Section::Apart => "One call at a time, a core each",
        Section::Compute => "Handlers that compute 200 us each, one connection: two server threads against one",
        Section::Mtu => "Echo on one connection, rpcnet with the path MTU of its name",
        Section::Stream => "One stream of items from the server",
        Section::Large => "Large messages, one connection; MB/s counts both directions",
        Section::Mixed => "Small calls with one huge message flowing each way on the same connection, and without",
        Section::Connections => "Growth: 64 B, 1,000 calls in flight over more and more connections",
        Section::Payloads => "Growth: larger and larger payloads, one connection",
    }
}

pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}
