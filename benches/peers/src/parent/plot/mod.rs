//! The comparison as charts, for those who would rather see than read.

mod bars;

use std::path::Path;

use anyhow::{Context, Result};

use self::bars::{Bar, Group, Panel};
use super::measure::{Measured, Outcome};
use super::plan::Section;
use super::report::{large, size};
use super::stats::{Spread, rate};

/// Writes a chart for what was measured of the grid, and one for streams and large messages.
pub(super) fn write(folder: &Path, outcomes: &[Outcome]) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let large = [streams(outcomes), large_messages(outcomes)].into_iter().flatten().collect();
    for (name, panels) in [("unary.svg", grid(outcomes)), ("streams.svg", large)] {
        let path = folder.join(name);
        // A run of some parts leaves the charts of the others alone.
        if !panels.is_empty() {
            bars::draw(&path, &panels).with_context(|| format!("drawing {}", path.display()))?;
        }
    }
    Ok(())
}

/// A panel for each payload size, a group for each number of calls in flight.
fn grid(outcomes: &[Outcome]) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    for outcome in of_section(outcomes, Section::Grid) {
        let cell = &outcome.contenders[0].cell;
        let group = group(format!("{} in flight", cell.in_flight), outcome, |_| 1e-3);
        let title = format!("Echo of {}, thousand calls/s", size(cell.payload_bytes));
        match panels.last_mut() {
            Some(panel) if panel.title == title => panel.groups.push(group),
            _ => panels.push(Panel { title, groups: vec![group] }),
        }
    }
    panels
}

fn streams(outcomes: &[Outcome]) -> Option<Panel> {
    let outcome = of_section(outcomes, Section::Stream).next()?;
    let payload = size(outcome.contenders[0].cell.payload_bytes);
    let group = group("server to client".to_owned(), outcome, |_| 1e-3);
    Some(Panel { title: format!("One stream of {payload} items, thousand items/s"), groups: vec![group] })
}

fn large_messages(outcomes: &[Outcome]) -> Option<Panel> {
    let first = &of_section(outcomes, Section::Large).next()?.contenders[0].cell;
    let title = format!("{} messages, {} in flight, MB/s", size(first.payload_bytes), first.in_flight);
    let megabytes = |measured: &Measured| measured.cell.payload_bytes_per_call() / 1e6;
    let group = |outcome: &Outcome| group(large(outcome.contenders[0].cell.work).to_owned(), outcome, megabytes);
    Some(Panel { title, groups: of_section(outcomes, Section::Large).map(group).collect() })
}

fn of_section(outcomes: &[Outcome], section: Section) -> impl Iterator<Item = &Outcome> {
    outcomes.iter().filter(move |outcome| outcome.section == section)
}

/// The frameworks of one comparison; `unit` is what one call a second counts.
fn group(label: String, outcome: &Outcome, unit: impl Fn(&Measured) -> f64) -> Group {
    let is_framework = |measured: &&Measured| measured.cell.system.is_framework();
    let bar = |measured: &Measured| {
        let (unit, Spread { median, min, max }) = (unit(measured), rate(measured));
        Bar { label: measured.cell.name(), value: Spread { median: median * unit, min: min * unit, max: max * unit } }
    };
    Group { label, bars: outcome.contenders.iter().filter(is_framework).map(bar).collect() }
}
