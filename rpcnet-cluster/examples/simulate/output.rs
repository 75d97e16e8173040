//! Tables, JSON and curves.

use std::{fmt::Write, fs, path::Path, time::Duration};

use comfy_table::{CellAlignment, Table};
use plotters::prelude::*;
use rpcnet_cluster::simulation::scenarios::Report;

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
    let title = format!("{scenario}, {system}, {} nodes, {} seeds", arguments.nodes, arguments.seeds);
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
    let mut drawn = Vec::new();
    for outcome in outcomes {
        for curve in &outcome.report.curves {
            let file =
                format!("{}-{}-{}.svg", outcome.scenario.name(), curve.name.replace([' ', '%'], "-"), arguments.nodes);
            if !drawn.contains(&file) {
                let same = outcomes.iter().filter(|other| other.scenario == outcome.scenario);
                let lines = same.flat_map(|other| {
                    let curves = other.report.curves.iter().filter(|candidate| candidate.name == curve.name);
                    curves.map(|curve| (other.system.name(), curve.points.clone()))
                });
                draw(&folder.join(&file), &curve.name, &lines.collect::<Vec<_>>())?;
                drawn.push(file);
            }
        }
    }
    Ok(())
}

type Line = (String, Vec<(f64, f64)>);

fn draw(file: &Path, title: &str, lines: &[Line]) -> Result<(), Box<dyn std::error::Error>> {
    let latest = lines.iter().flat_map(|(_, points)| points).map(|(at, _)| *at).fold(1.0, f64::max);
    let area = SVGBackend::new(file, (720, 400)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..latest * 1.02, 0.0..1.0)?;
    chart.configure_mesh().x_desc("seconds").y_desc("share").draw()?;
    for (index, (name, points)) in lines.iter().enumerate() {
        let color = Palette99::pick(index).mix(1.0);
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    area.present()?;
    Ok(())
}
