//! Randomness that many threads draw from without waiting for each other.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::membership::{hash, mix};

/// SplitMix64 (Steele, Lea and Flood 2014) whose state is one atomic counter: each draw is one `fetch_add`. Equal seeds
/// give equal numbers, as long as one thread draws.
#[derive(Debug)]
pub(crate) struct SharedRandom(AtomicU64);

/// The same for one thread alone, which needs no atomic operation for each.
pub(crate) struct Lots(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SharedRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(mix(seed ^ 0xbb67_ae85_84ca_a73b)))
    }

    pub(crate) fn next_u64(&self) -> u64 {
        mix(self.0.fetch_add(STEP, Ordering::Relaxed))
    }

    /// Many numbers for one thread.
    pub(crate) fn lots(&self) -> Lots {
        Lots(self.next_u64())
    }

    /// Between zero and one.
    pub(crate) fn unit(&self) -> f64 {
        unit(self.next_u64())
    }
}

impl Lots {
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }
}

/// A number below `bound` from 32 random bits.
pub(crate) fn below(bits: u32, bound: usize) -> usize {
    ((u64::from(bits) * bound as u64) >> 32) as usize
}

/// Between zero and one, from 64 random bits.
pub(crate) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// A hash that is the same in every process and release (FNV-1a, then mixed): whoever hashes the same bytes must get
/// the same worker.
///
/// For the key of [`LoadBalancingStrategy::Affinity`](super::LoadBalancingStrategy::Affinity). Not for secrets: it is
/// easy to find bytes with equal hashes.
pub fn affinity_key(bytes: impl AsRef<[u8]>) -> u64 {
    hash(bytes.as_ref())
}
