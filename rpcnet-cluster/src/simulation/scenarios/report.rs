//! What came out.

/// The outcome of one scenario with one system.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Figures, each with its bar if it has one.
    pub measures: Vec<Measure>,
    /// Distributions to plot.
    pub curves: Vec<Curve>,
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Measure {
    /// What was measured.
    pub name: String,
    /// The outcome.
    pub value: f64,
    /// In what unit.
    pub unit: &'static str,
    /// What it must not exceed.
    pub bar: Option<f64>,
}

/// A distribution: which share of all had happened by when.
#[derive(Clone, Debug)]
pub struct Curve {
    /// What.
    pub name: &'static str,
    /// What the seconds are counted from.
    pub since: &'static str,
    /// What the shares are shares of.
    pub of: &'static str,
    /// Seconds, and the share.
    pub points: Vec<(f64, f64)>,
}

impl Report {
    /// Adds a figure.
    pub fn measure(&mut self, name: impl Into<String>, value: f64, unit: &'static str, bar: Option<f64>) {
        self.measures.push(Measure { name: name.into(), value, unit, bar });
    }

    /// Adds the distribution of samples: seconds since `since`, one for each of `of`.
    pub fn curve(
        &mut self,
        name: &'static str,
        since: &'static str,
        of: &'static str,
        samples: &super::super::Quantiles,
    ) {
        let sorted = samples.sorted();
        let share = |rank: usize| rank as f64 / sorted.len() as f64;
        // A few hundred points draw the same line as a million.
        let step = sorted.len().div_ceil(400).max(1);
        let some = sorted.iter().enumerate().step_by(step).map(|(before, value)| (*value, share(before)));
        let points = some.chain(sorted.last().map(|last| (*last, 1.0))).collect();
        self.curves.push(Curve { name, since, of, points });
    }
}
