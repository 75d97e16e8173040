//! Randomness that the driver seeds. No global source, so equal seeds make equal runs.

use std::time::Duration;

/// SplitMix64 (Steele, Lea and Flood 2014): 64 bits of state, equidistributed, and four instructions a number.
///
/// It decides whom to probe, whom to tell and when. Nothing secret comes from it: what keeps strangers out is the
/// datagram layer's authenticated encryption.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x6a09_e667_f3bc_c908))
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number for a round trip to prove itself with; never zero.
    pub(crate) fn nonce(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32 | 1
    }

    /// Below `bound`, which must not be zero. The bias for bounds of a few thousand is below one in 2^50.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        debug_assert!(bound > 0, "nothing is below zero");
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Between zero and one.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Anything up to `longest`.
    pub(crate) fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.unit())
    }

    /// `around` give or take a quarter, so that nodes that started together drift apart.
    pub(crate) fn jittered(&mut self, around: Duration) -> Duration {
        around.mul_f64(0.75 + self.unit() / 2.0)
    }
}

/// The finalizer of SplitMix64: every bit of the input moves every bit of the output.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// FNV-1a, then the finalizer, so that its high bits are good too. The same in every process and release.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_numbers() {
        let (mut one, mut same, mut other) = (Random::new(7), Random::new(7), Random::new(8));
        let numbers = |random: &mut Random| [(); 8].map(|()| random.next_u64());
        assert_eq!(numbers(&mut one), numbers(&mut same));
        assert_ne!(numbers(&mut one), numbers(&mut other));
    }

    #[test]
    fn numbers_below_a_bound_reach_all_of_it() {
        let mut random = Random::new(1);
        let mut seen = [0u32; 10];
        for _ in 0..10_000 {
            seen[random.below(10)] += 1;
        }
        assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
    }
}
