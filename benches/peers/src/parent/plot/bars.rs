//! Panels of grouped bars, each bar with the range of its rounds, in one SVG file.

use std::path::Path;

use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::parent::stats::Spread;

/// Bars on one scale.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) groups: Vec<Group>,
}

/// Bars beside each other.
pub(super) struct Group {
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
}

/// One system's figure.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: Spread,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the panels, two in a row, above a legend.
pub(super) fn draw(path: &Path, panels: &[Panel]) -> Result<()> {
    let systems = systems(panels);
    let columns = panels.len().clamp(1, 2);
    let rows = panels.len().div_ceil(columns);
    let width = panels.iter().map(Panel::width).max().unwrap_or_default() * i32::try_from(columns)?;
    let height = PANEL_HEIGHT * i32::try_from(rows)?;
    let size = (u32::try_from(width)?, u32::try_from(height + LEGEND_HEIGHT)?);
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    let (top, bottom) = area.split_vertically(height);
    for (panel, place) in panels.iter().zip(top.split_evenly((rows, columns))) {
        draw_panel(&place, panel, &systems)?;
    }
    draw_legend(&bottom, &systems)?;
    area.present()?;
    Ok(())
}

impl Panel {
    fn width(&self) -> i32 {
        // A place for every bar, and one between groups.
        let slots = self.groups.iter().map(|group| group.bars.len() + 1).sum::<usize>();
        MARGIN * 2 + SLOT * i32::try_from(slots).unwrap_or_default().max(SLOTS_MIN)
    }

    fn highest(&self) -> f64 {
        let bars = self.groups.iter().flat_map(|group| &group.bars);
        bars.map(|bar| bar.value.max).fold(f64::MIN_POSITIVE, f64::max)
    }
}

fn draw_panel(area: &Area<'_>, panel: &Panel, systems: &[&str]) -> Result<()> {
    let scale = f64::from(BOTTOM - TOP) / panel.highest();
    let height = |value: f64| BOTTOM - (value * scale).round() as i32;
    area.draw(&Text::new(panel.title.as_str(), (MARGIN, TITLE), style(17, HPos::Left)))?;
    let right = panel.width() - MARGIN;
    area.draw(&PathElement::new([(MARGIN, BOTTOM), (right, BOTTOM)], INK.stroke_width(1)))?;
    let mut x = MARGIN + SLOT / 2;
    for group in &panel.groups {
        let width = SLOT * i32::try_from(group.bars.len())?;
        area.draw(&Text::new(group.label.as_str(), (x + width / 2, BOTTOM + 8), style(15, HPos::Center)))?;
        for bar in &group.bars {
            let Spread { median, min, max } = bar.value;
            let corners = [(x + 3, height(median)), (x + SLOT - 3, BOTTOM)];
            area.draw(&Rectangle::new(corners, colour(&bar.label, systems).filled()))?;
            let middle = x + SLOT / 2;
            area.draw(&PathElement::new([(middle, height(min)), (middle, height(max))], INK.stroke_width(1)))?;
            area.draw(&Text::new(figure(median), (middle, height(max) - 17), style(14, HPos::Center)))?;
            x += SLOT;
        }
        x += SLOT;
    }
    Ok(())
}

fn draw_legend(area: &Area<'_>, systems: &[&str]) -> Result<()> {
    let mut x = MARGIN;
    for system in systems {
        area.draw(&Rectangle::new([(x, 0), (x + 12, 12)], colour(system, systems).filled()))?;
        area.draw(&Text::new(*system, (x + 18, 0), style(15, HPos::Left)))?;
        x += 40 + 8 * i32::try_from(system.len())?;
    }
    let note = "bars: medians of the rounds; lines: their range";
    area.draw(&Text::new(note, (MARGIN, 22), style(14, HPos::Left)))?;
    Ok(())
}

/// All systems, in the order of their first bars.
fn systems(panels: &[Panel]) -> Vec<&str> {
    let mut systems = Vec::new();
    for bar in panels.iter().flat_map(|panel| &panel.groups).flat_map(|group| &group.bars) {
        if !systems.contains(&bar.label.as_str()) {
            systems.push(&bar.label);
        }
    }
    systems
}

/// The same for a system in every chart, whichever others are in it.
fn colour(system: &str, systems: &[&str]) -> RGBColor {
    let variants = systems.iter().copied().filter(|system| !FRAMEWORKS.contains(system));
    let all: Vec<_> = FRAMEWORKS.into_iter().chain(variants).collect();
    COLOURS[all.iter().position(|&other| other == system).unwrap_or_default() % COLOURS.len()]
}

/// Three digits that count.
fn figure(value: f64) -> String {
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$}")
}

fn style(size: u32, horizontal: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK).pos(Pos::new(horizontal, VPos::Top))
}

const FRAMEWORKS: [&str; 3] = ["rpcnet", "tonic", "tarpc"];
const SLOT: i32 = 30;
const SLOTS_MIN: i32 = 12;
const MARGIN: i32 = 20;
const TITLE: i32 = 12;
const TOP: i32 = 60;
const BOTTOM: i32 = 230;
const PANEL_HEIGHT: i32 = 268;
const LEGEND_HEIGHT: i32 = 46;
const INK: RGBColor = RGBColor(51, 51, 51);
// Told apart by those who see no difference between red and green, too.
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(153, 153, 153),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(figure(1.234), "1.23");
        assert_eq!(figure(12.34), "12.3");
        assert_eq!(figure(1_234.4), "1234");
    }

    #[test]
    fn a_chart_names_every_system_and_says_every_figure() {
        let bar = |label: &str, median| Bar {
            label: label.to_owned(),
            value: Spread { median, min: median / 2.0, max: median * 2.0 },
        };
        let bars = vec![bar("rpcnet", 123.0), bar("rpcnet-mtu-1500", 456.0)];
        let panel =
            Panel { title: "Things a second".into(), groups: vec![Group { label: "64 in flight".into(), bars }] };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chart.svg");
        draw(&path, &[panel]).unwrap();
        let chart = std::fs::read_to_string(path).unwrap();
        for text in ["Things a second", "64 in flight", "rpcnet-mtu-1500", "123", "456", "</svg>"] {
            assert!(chart.contains(text), "{text} in {chart}");
        }
    }
}
