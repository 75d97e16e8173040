//! Tables, JSON and curves.

use std::{fmt::Write, fs, path::Path, time::Duration};

use comfy_table::{CellAlignment, Table};
use plotters::prelude::*;
use rpcnet_cluster::simulation::scenarios::{Curve, Report};

use crate::arguments::{Arguments, Scenario, System};

/// What came of one scenario with one system.
pub(crate) struct Outcome {
    pub(crate) scenario: Scenario,
    pub(crate) system: System,
    pub(crate) took: Duration,
    pub(crate) report: Report,
}

/// The figures, beside their bars.
pub(crate) fn table(arguments: &Arguments, outcome: &Outcome) -> String {
    let mut table = Table::new();
    let (scenario, system) = (outcome.scenario.name(), outcome.system.name());
    let title = format!("{scenario}, {system}, {} nodes, seeds: {}", arguments.nodes, arguments.seeds);
    table.set_header([title.as_str(), "measured", "bar", ""]);
    for measure in &outcome.report.measures {
        let bar = measure.bar.map(|bar| number(bar, measure.unit)).unwrap_or_default();
        let holds = measure.bar.map_or("", |bar| if measure.value <= bar { "holds" } else { "MISSED" });
        table.add_row([measure.name.as_str(), &number(measure.value, measure.unit), &bar, holds]);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n  took {:.1} s\n", outcome.took.as_secs_f64())
}

fn number(value: f64, unit: &str) -> String {
    if value.is_nan() {
        return "never".to_owned();
    }
    let digits = if value.fract() == 0.0 || value.abs() >= 100.0 { 0 } else { 2 };
    format!("{value:.digits$} {unit}").trim().to_owned()
}

/// Everything, for other programs. Names and numbers only, so nothing needs escaping.
pub(crate) fn json(arguments: &Arguments, outcomes: &[Outcome]) -> String {
    let mut json = String::from("[");
    for (index, outcome) in outcomes.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let (scenario, system) = (outcome.scenario.name(), outcome.system.name());
        let _ = write!(
            json,
            "{comma}\n {{\"scenario\": \"{scenario}\", \"system\": \"{system}\", \"nodes\": {}, \"seeds\": {}, \"measures\": {{",
            arguments.nodes, arguments.seeds
        );
        for (index, measure) in outcome.report.measures.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let value = if measure.value.is_finite() { measure.value.to_string() } else { "null".to_owned() };
            let _ = write!(json, "{comma}\n  \"{} [{}]\": {value}", measure.name, measure.unit);
        }
        json.push_str("}, \"curves\": {");
        for (index, curve) in outcome.report.curves.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let points: Vec<String> = curve.points.iter().map(|(at, share)| format!("[{at:.4},{share:.4}]")).collect();
            let _ = write!(json, "{comma}\n  \"{}\": [{}]", curve.name, points.join(","));
        }
        json.push_str("}}");
    }
    json.push_str("\n]\n");
    json
}

/// One drawing for each curve that a scenario has, with all systems in it.
pub(crate) fn plot(
    folder: &Path,
    arguments: &Arguments,
    outcomes: &[Outcome],
) -> Result<(), Box<dyn std::error::Error>> {
    fs::create_dir_all(folder)?;
    for (index, outcome) in outcomes.iter().enumerate() {
        if outcomes[..index].iter().any(|earlier| earlier.scenario == outcome.scenario) {
            continue;
        }
        let same: Vec<_> = outcomes.iter().filter(|other| other.scenario == outcome.scenario).collect();
        for curve in &outcome.report.curves {
            let Arguments { nodes, seeds, .. } = arguments;
            let scenario = outcome.scenario.name();
            let words: Vec<_> =
                curve.name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
            let file = folder.join(format!("{scenario}-{}-{nodes}.svg", words.join("-")));
            let plural = if *seeds == 1 { "" } else { "s" };
            let title = format!("{scenario}: {}; {nodes} nodes, {seeds} seed{plural}", curve.name);
            let lines: Vec<_> = same.iter().filter_map(|other| Line::of(other, curve)).collect();
            draw(&file, &title, curve, &lines)?;
        }
    }
    Ok(())
}

/// One system's curve, in its color.
struct Line<'a> {
    label: String,
    color: RGBColor,
    points: &'a [(f64, f64)],
}

impl<'a> Line<'a> {
    /// The curve of the same name, unless nothing happened.
    fn of(outcome: &'a Outcome, curve: &Curve) -> Option<Self> {
        let own = outcome.report.curves.iter().find(|own| own.name == curve.name && !own.points.is_empty())?;
        let color = match outcome.system {
            System::Adaptive => RGBColor(0, 114, 178),
            System::Plain => RGBColor(213, 94, 0),
            System::Foca => RGBColor(0, 158, 115),
        };
        Some(Self { label: outcome.system.name(), color, points: &own.points })
    }
}

fn draw(file: &Path, title: &str, curve: &Curve, lines: &[Line<'_>]) -> Result<(), Box<dyn std::error::Error>> {
    let latest = lines.iter().flat_map(|line| line.points).map(|(at, _)| *at).fold(0.1, f64::max);
    let area = SVGBackend::new(file, (720, 430)).into_drawing_area();
    area.fill(&WHITE)?;
    let (head, body) = area.split_vertically(64);
    head.draw(&Text::new(title, (LEFT, 16), ("sans-serif", 17)))?;
    for (place, line) in (0..).zip(lines) {
        let left = LEFT + place * 110;
        head.draw(&PathElement::new([(left, 52), (left + 18, 52)], line.color.stroke_width(3)))?;
        head.draw(&Text::new(line.label.as_str(), (left + 26, 45), ("sans-serif", 14)))?;
    }
    let mut chart = ChartBuilder::on(&body)
        .margin(8)
        .margin_right(24)
        .x_label_area_size(42)
        .y_label_area_size(LEFT - 8)
        .build_cartesian_2d(0.0..latest * 1.05, 0.0..1.02)?;
    chart
        .configure_mesh()
        .x_desc(format!("seconds after {}", curve.since))
        .y_desc(format!("share of {}", curve.of))
        .y_labels(6)
        .y_label_formatter(&|share| format!("{:.0}%", share * 100.0))
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .bold_line_style(RGBColor(221, 221, 221))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for line in lines {
        chart.draw_series(LineSeries::new(line.points.iter().copied(), line.color.stroke_width(2)))?;
    }
    area.present()?;
    Ok(())
}

/// Where the axis is.
const LEFT: i32 = 70;
