//! How much this node trusts its own judgement (Lifeguard's local health multiplier, Dadgar et al. 2018).

use std::time::Duration;

/// A score from 0, healthy, to a maximum. Whoever gets no answers from anybody, or is accused wrongly, is probably
/// slow itself, and gives others more time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalHealth {
    score: u32,
    max: u32,
}

impl LocalHealth {
    pub(crate) fn new(max: u32) -> Self {
        Self { score: 0, max }
    }

    /// A probe was answered in time.
    pub(crate) fn on_success(&mut self) {
        self.score = self.score.saturating_sub(1);
    }

    /// A probe failed and not even the helpers said so, or this node had to refute an accusation, or it stood still.
    pub(crate) fn on_trouble(&mut self) {
        self.score = (self.score + 1).min(self.max);
    }

    pub(crate) fn score(&self) -> u32 {
        self.score
    }

    /// `timeout`, stretched by the score.
    pub(crate) fn stretch(&self, timeout: Duration) -> Duration {
        timeout * (self.score + 1)
    }
}
