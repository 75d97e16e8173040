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
    pub name: String,
    /// Seconds, and the share.
    pub points: Vec<(f64, f64)>,
}

impl Report {
    /// Adds a figure.
    pub fn measure(&mut self, name: impl Into<String>, value: f64, unit: &'static str, bar: Option<f64>) {
        self.measures.push(Measure { name: name.into(), value, unit, bar });
    }

    /// Adds the distribution of samples.
    pub fn curve(&mut self, name: impl Into<String>, samples: &super::super::Quantiles) {
        let sorted = samples.sorted();
        let count = sorted.len() as f64;
        // A few hundred points draw the same line as a million.
        let step = sorted.len().div_ceil(400).max(1);
        let points =
            (0..).zip(&sorted).step_by(step).map(|(rank, value)| (*value, f64::from(rank + 1) / count)).collect();
        self.curves.push(Curve { name: name.into(), points });
    }
}
