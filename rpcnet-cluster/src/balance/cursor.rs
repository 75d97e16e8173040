//! Whose turn it is.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts picks among so many. It starts anywhere, so that callers which start together don't all begin with the same
/// worker.
#[derive(Debug)]
pub(crate) struct Cursor {
    picks: AtomicU64,
    count: u32,
    /// 2^64 / `count`, rounded up.
    inverse: u64,
}

impl Cursor {
    pub(crate) fn new(start: u64, count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
        Self { picks: AtomicU64::new(start), count, inverse: (u64::MAX / u64::from(count)).wrapping_add(1) }
    }

    /// Whose turn is next. Once in 2^32 turns the order has a jump.
    pub(crate) fn turn(&self) -> usize {
        let turn = self.picks.fetch_add(1, Ordering::Relaxed) as u32;
        // The remainder by two multiplications, exact for 32 bits (Lemire, Kaser and Kurz 2019).
        let fraction = self.inverse.wrapping_mul(turn.into());
        ((u128::from(fraction) * u128::from(self.count)) >> 64) as usize
    }

    /// The next point of the golden ratio's sequence, as a share of 2^64: any run of points is spread about as evenly as
    /// so many can be (Weyl's additive recurrence), so shares are kept from the first calls on.
    pub(crate) fn point(&self) -> u64 {
        self.picks.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_the_remainder_of_the_picks() {
        for count in [1, 2, 3, 7, 64, 1_000, 65_537, u32::MAX as usize] {
            for start in [0, 1, 999, 4_000_000_000, u64::from(u32::MAX) - 1] {
                let cursor = Cursor::new(start, count);
                let turns = [cursor.turn(), cursor.turn()];
                let expected = [start, start + 1].map(|pick| (pick % count as u64) as usize);
                assert_eq!(turns, expected, "{start} of {count}");
            }
        }
    }
}
