//! Shares in proportion to weights.

/// Weights as running sums, so that a point between nothing and all finds its owner by bisection.
#[derive(Debug, Default)]
pub(crate) struct Weights {
    sums: Box<[u64]>,
}

impl Weights {
    pub(crate) fn new(weights: impl Iterator<Item = u32>) -> Self {
        let running = |sum: &mut u64, weight: u32| {
            *sum += u64::from(weight);
            Some(*sum)
        };
        Self { sums: weights.scan(0, running).collect() }
    }

    /// Whose share holds `point`, a share of 2^64; `None` if nobody weighs anything.
    pub(crate) fn owner(&self, point: u64) -> Option<usize> {
        let total = *self.sums.last()?;
        let at = ((u128::from(point) * u128::from(total)) >> 64) as u64;
        let owner = self.sums.partition_point(|&sum| sum <= at);
        (owner < self.sums.len()).then_some(owner)
    }
}
