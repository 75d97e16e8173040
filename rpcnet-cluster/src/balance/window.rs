//! How often something happened lately.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::membership::Time;

/// How often something happened in the last `SLOTS` slots of `SLOT_US` microseconds, the one that has just begun among them.
///
/// Each slot is one word: which slot of time it counts for, above, and the count, below. So a count of an old slot is never
/// taken for one of a new slot, and nobody waits.
#[derive(Debug)]
pub(crate) struct Window<const SLOTS: usize, const SLOT_US: u64> {
    slots: [AtomicU64; SLOTS],
}

impl<const SLOTS: usize, const SLOT_US: u64> Window<SLOTS, SLOT_US> {
    pub(crate) const fn new() -> Self {
        Self { slots: [const { AtomicU64::new(0) }; SLOTS] }
    }

    pub(crate) fn add(&self, now: Time) {
        self.change(now, |count| count.saturating_add(1));
    }

    /// Takes back what was added at this time.
    pub(crate) fn remove(&self, now: Time) {
        self.change(now, |count| count.saturating_sub(1));
    }

    pub(crate) fn sum(&self, now: Time) -> u64 {
        let number = Self::number(now);
        let counts = self.slots.iter().map(|slot| {
            let word = slot.load(Ordering::Relaxed);
            let age = number.wrapping_sub((word >> 32) as u32);
            // A slot that another thread has begun in the meantime is no old one.
            if age < SLOTS as u32 || age == u32::MAX { word & u64::from(u32::MAX) } else { 0 }
        });
        counts.sum()
    }

    fn change(&self, now: Time, next: impl Fn(u32) -> u32) {
        let number = Self::number(now);
        let slot = &self.slots[number as usize % SLOTS];
        let mut word = slot.load(Ordering::Relaxed);
        loop {
            let count = if (word >> 32) as u32 == number { word as u32 } else { 0 };
            let changed = (u64::from(number) << 32) | u64::from(next(count));
            match slot.compare_exchange_weak(word, changed, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(current) => word = current,
            }
        }
    }

    fn number(now: Time) -> u32 {
        (now.as_micros() / SLOT_US) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn what_happened_counts_until_its_slot_is_too_old() {
        let window = Window::<10, 1_000_000>::new();
        (0..3).for_each(|_| window.add(at(5)));
        window.add(at(9));
        assert_eq!([5, 9, 14, 15, 18, 19].map(|seconds| window.sum(at(seconds))), [3, 4, 4, 1, 1, 0]);
        window.add(at(15));
        assert_eq!(window.sum(at(15)), 2);
        window.remove(at(15));
        assert_eq!(window.sum(at(15)), 1);
    }
}
