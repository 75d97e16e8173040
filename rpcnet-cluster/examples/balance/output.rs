//! Tables and JSON.

use std::time::Duration;

use comfy_table::{CellAlignment, Table};
use rpcnet_cluster::simulation::balance::{Bar, Figure};
use serde_json::{Map, Value, json};

/// The figures, beside their bars.
pub(crate) fn table(scenario: &str, seeds: u64, figures: &[Figure], took: Duration) -> String {
    let mut table = Table::new();
    table.set_header([&format!("{scenario}, {seeds} seeds"), "median", "least to greatest", "bar", ""]);
    for figure in figures {
        let (least, greatest) = figure.spread();
        let spread = format!("{} to {}", number(least, ""), number(greatest, figure.unit));
        let bar = match figure.bar {
            Some(Bar::AtMost(most)) => format!("<= {}", number(most, figure.unit)),
            Some(Bar::AtLeast(least)) => format!(">= {}", number(least, figure.unit)),
            None => String::new(),
        };
        let holds = figure.holds().map_or("", |holds| if holds { "holds" } else { "MISSED" });
        table.add_row([&figure.name, &number(figure.median(), figure.unit), &spread, &bar, holds]);
    }
    for column in 1..4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n  took {:.1} s\n", took.as_secs_f64())
}

/// Near 100%, what matters is behind the point.
fn number(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        99.0..100.0 => 3,
        0.0..99.0 => 2,
        _ => 1,
    };
    format!("{value:.digits$} {unit}").trim().to_owned()
}

/// Everything, for other programs.
pub(crate) fn json(first_seed: u64, outcomes: &[(String, Vec<Figure>)]) -> Result<String, serde_json::Error> {
    let scenario = |(name, figures): &(String, Vec<Figure>)| {
        let figures = figures.iter().map(|figure| (format!("{} [{}]", figure.name, figure.unit), json!(figure.values)));
        (name.clone(), Value::Object(figures.collect()))
    };
    let scenarios: Map<_, _> = outcomes.iter().map(scenario).collect();
    serde_json::to_string_pretty(&json!({ "first_seed": first_seed, "scenarios": scenarios }))
}
