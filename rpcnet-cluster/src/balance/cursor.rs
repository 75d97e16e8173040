//! Whose turn it is.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts picks. It starts anywhere, so that callers which start together don't all begin with the same worker.
#[derive(Debug)]
pub(crate) struct Cursor(AtomicU64);

impl Cursor {
    pub(crate) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    /// The next of `count` turns.
    pub(crate) fn turn(&self, count: usize) -> usize {
        // 32 bits: their remainder costs a third of that of 64. Once in 2^32 turns the order has a jump.
        let turn = self.0.fetch_add(1, Ordering::Relaxed) as u32;
        (turn % count.min(u32::MAX as usize) as u32) as usize
    }

    /// The next point of the golden ratio's sequence, as a share of 2^64: any run of points is spread about as evenly as
    /// so many can be (Weyl's additive recurrence), so shares are kept from the first calls on.
    pub(crate) fn point(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}
