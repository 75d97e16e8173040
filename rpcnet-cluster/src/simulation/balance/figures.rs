//! What came out, over all seeds.

/// What a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

/// One figure, from each seed.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// In what unit.
    pub unit: &'static str,
    /// What came out, of each seed.
    pub values: Vec<f64>,
    /// What its median is to be.
    pub bar: Option<Bar>,
}

impl Figure {
    /// The one in the middle.
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The least and the greatest.
    pub fn spread(&self) -> (f64, f64) {
        let sorted = self.sorted();
        let nan = f64::NAN;
        (sorted.first().copied().unwrap_or(nan), sorted.last().copied().unwrap_or(nan))
    }

    /// Whether the median is within the bar, if there is one.
    pub fn holds(&self) -> Option<bool> {
        self.bar.map(|bar| match bar {
            Bar::AtMost(most) => self.median() <= most,
            Bar::AtLeast(least) => self.median() >= least,
        })
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}

/// Figures by name, gathered seed by seed.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<Figure>);

impl Figures {
    pub(crate) fn add(&mut self, name: impl Into<String>, unit: &'static str, value: f64, bar: Option<Bar>) {
        let name = name.into();
        match self.0.iter_mut().find(|figure| figure.name == name) {
            Some(figure) => figure.values.push(value),
            None => self.0.push(Figure { name, unit, values: vec![value], bar }),
        }
    }

    pub(crate) fn finish(self) -> Vec<Figure> {
        self.0
    }
}
