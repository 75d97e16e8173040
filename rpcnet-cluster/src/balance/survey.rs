//! How the candidates are on the whole, looked up now and then.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    time::Duration,
};

use super::{breaker::Passage, candidates::Candidates, experience::Standing};
use crate::membership::Time;

/// Which workers are good enough, given how they are on the whole.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// When to look again, in microseconds.
    next_us: AtomicU64,
    /// The worst [`Standing`] that is good enough.
    accepted: AtomicU8,
    /// Whether some breaker waits for a try, and for one by any call.
    due: AtomicBool,
    overdue: AtomicBool,
    /// Whether more than half of the workers are new.
    new: AtomicBool,
}

impl Survey {
    /// Looks at all workers, if the last look was some time ago. One thread does; the others go on with what was seen last.
    pub(crate) fn refresh(&self, candidates: &Candidates, now: Time) {
        let next = self.next_us.load(Ordering::Relaxed);
        if now.as_micros() < next {
            return;
        }
        let after = (now + EVERY).as_micros();
        if self.next_us.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        candidates.pool().tell(now);
        let amnesty = candidates.pool().amnesty();
        let mut counts = [0usize; 4];
        let (mut due, mut overdue, mut new) = (false, false, 0);
        let expected = candidates.pool().median.get();
        let mut latencies = 0.0;
        for slot in candidates.slots() {
            latencies += slot.experience.latency.get(now, expected);
            counts[slot.standing(now) as usize] += 1;
            let passage = slot.passage(now, amnesty);
            due |= passage >= Passage::Due;
            overdue |= passage == Passage::Overdue;
            new += usize::from(slot.is_new(now));
        }
        let accepted = accepted(counts);
        self.accepted.store(accepted as u8, Ordering::Relaxed);
        self.due.store(due, Ordering::Relaxed);
        self.overdue.store(overdue, Ordering::Relaxed);
        self.new.store(2 * new > candidates.len(), Ordering::Relaxed);
        candidates.pool().set_typical_us(latencies / candidates.len().max(1) as f32);
        candidates.pool().set_panic(accepted == Standing::Out);
    }

    pub(crate) fn accepted(&self) -> Standing {
        match self.accepted.load(Ordering::Relaxed) {
            0 => Standing::Ready,
            1 => Standing::Doubtful,
            2 => Standing::Out,
            _ => Standing::Draining,
        }
    }

    /// Whether there is one to try, for a call that tries from then on.
    pub(crate) fn has_due(&self, tries_from: Passage) -> bool {
        self.waits(tries_from).load(Ordering::Relaxed)
    }

    /// Somebody looked, and there is none until the next look.
    pub(crate) fn none_due(&self, tries_from: Passage) {
        self.waits(tries_from).store(false, Ordering::Relaxed);
    }

    fn waits(&self, tries_from: Passage) -> &AtomicBool {
        if tries_from == Passage::Overdue { &self.overdue } else { &self.due }
    }

    /// Whether more than half of the workers are new: then the others could not bear what these are to be spared.
    pub(crate) fn most_are_new(&self) -> bool {
        self.new.load(Ordering::Relaxed)
    }
}

/// The worst standing that is accepted, given how many there are of each, best first.
fn accepted([ready, doubtful, out, _draining]: [usize; 4]) -> Standing {
    let all = ready + doubtful + out;
    match () {
        () if all == 0 => Standing::Draining,
        () if 2 * ready >= all => Standing::Ready,
        () if 2 * (ready + doubtful) >= all => Standing::Doubtful,
        () => Standing::Out,
    }
}

/// A look at 1,000 workers takes some microseconds.
const EVERY: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_workers_are_accepted_as_make_half_of_them() {
        assert_eq!(accepted([5, 5, 0, 9]), Standing::Ready);
        assert_eq!(accepted([4, 5, 0, 0]), Standing::Doubtful);
        assert_eq!(accepted([1, 0, 1, 0]), Standing::Ready);
        assert_eq!(accepted([1, 0, 2, 0]), Standing::Out);
        assert_eq!(accepted([0, 0, 2, 5]), Standing::Out);
        assert_eq!(accepted([0, 0, 0, 5]), Standing::Draining);
    }
}
