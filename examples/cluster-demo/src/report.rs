//! The figures, and what is expected of them.

use std::{fs, io, path::Path};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

/// All figures, in the order in which they were found.
#[derive(Default, Serialize)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    scene: &'static str,
    what: String,
    value: f64,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bar: Option<Bar>,
    met: bool,
    /// Whether the whole run has failed if the bar is not met. Bars of time are not: a machine may be busy.
    must: bool,
}

/// What is expected.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    pub(crate) fn new(scene: &'static str, what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { scene, what: what.into(), value, unit, bar: None, met: true, must: false }
    }

    pub(crate) fn at_most(mut self, bar: f64) -> Self {
        (self.bar, self.met) = (Some(Bar::AtMost(bar)), self.value <= bar);
        self
    }

    pub(crate) fn at_least(mut self, bar: f64) -> Self {
        (self.bar, self.met) = (Some(Bar::AtLeast(bar)), self.value >= bar);
        self
    }

    /// The run fails if the bar is not met.
    pub(crate) fn must(mut self) -> Self {
        self.must = true;
        self
    }

    /// As one line.
    pub(crate) fn text(&self) -> String {
        let verdict = match (self.bar, self.met) {
            (None, _) => "",
            (_, true) => "  (ok)",
            (_, false) => "  (missed)",
        };
        format!("{}: {}{}", self.what, self.shown(self.value), verdict)
    }

    fn shown(&self, value: f64) -> String {
        let digits = match self.unit {
            "%" => 3,
            "x" => 2,
            "ms" if value < 100.0 => 1,
            _ => 0,
        };
        format!("{value:.digits$} {}", self.unit).trim_end().to_owned()
    }
}

impl Report {
    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Whether nothing was lost that must not be.
    pub(crate) fn is_good(&self) -> bool {
        self.figures.iter().all(|figure| figure.met || !figure.must)
    }

    /// All of it as a table.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(["", "what callers noticed", "", "bar", ""]);
        for figure in &self.figures {
            let bar = match figure.bar {
                None => String::new(),
                Some(Bar::AtMost(bar)) => format!("at most {}", figure.shown(bar)),
                Some(Bar::AtLeast(bar)) => format!("at least {}", figure.shown(bar)),
            };
            let verdict = if figure.bar.is_none() {
                ""
            } else if figure.met {
                "ok"
            } else {
                "missed"
            };
            table.add_row([figure.scene, &figure.what, &figure.shown(figure.value), &bar, verdict]);
        }
        table
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_string_pretty(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_good(figures: impl IntoIterator<Item = Figure>) -> bool {
        let mut report = Report::default();
        figures.into_iter().for_each(|figure| report.add(figure));
        report.is_good()
    }

    #[test]
    fn only_a_bar_that_must_be_met_fails_the_run() {
        let lost = |calls| Figure::new("kill", "calls lost", calls, "").at_most(0.0).must();
        let slow = Figure::new("kill", "the slowest call", 700.0, "ms").at_most(500.0);
        assert!(is_good([lost(0.0), slow.clone()]));
        assert!(!is_good([slow, lost(1.0)]));
    }

    #[test]
    fn a_line_says_whether_the_bar_is_met() {
        let rate = |value| Figure::new("pause", "succeeded", value, "%").at_least(99.99).text();
        assert_eq!(rate(99.995), "succeeded: 99.995 %  (ok)");
        assert_eq!(rate(99.9), "succeeded: 99.900 %  (missed)");
        assert_eq!(Figure::new("pause", "calls", 1234.0, "").text(), "calls: 1234");
    }
}
