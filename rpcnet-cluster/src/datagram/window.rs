//! The replay window: which counters of one sender were seen.

/// Remembers the highest counter seen and the 1024 below it.
#[derive(Clone, Debug)]
pub(crate) struct ReplayWindow {
    /// One more than the highest counter seen; 0 before the first.
    next: u64,
    /// Bit `counter % 1024` says whether that counter was seen, for those that the window spans.
    seen: [u64; WORDS],
}

impl ReplayWindow {
    pub(crate) fn new() -> Self {
        Self { next: 0, seen: [0; WORDS] }
    }

    /// Whether `counter` is new. Says no for one that is older than the window: nobody can tell any more.
    pub(crate) fn is_new(&self, counter: u64) -> bool {
        if counter >= self.next {
            return true;
        }
        self.next - counter <= WINDOW && self.word(counter) & bit(counter) == 0
    }

    /// Marks `counter` as seen. Only for what was found authentic: a forged counter would push the window away.
    pub(crate) fn mark(&mut self, counter: u64) {
        if counter >= self.next {
            self.slide(counter);
        }
        if self.next - counter <= WINDOW {
            self.seen[index(counter)] |= bit(counter);
        }
    }

    /// Moves the window's upper end behind `counter`, forgetting what falls out.
    fn slide(&mut self, counter: u64) {
        if counter - self.next >= WINDOW {
            self.seen = [0; WORDS];
        } else {
            for skipped in self.next..=counter {
                self.seen[index(skipped)] &= !bit(skipped);
            }
        }
        self.next = counter + 1;
    }

    fn word(&self, counter: u64) -> u64 {
        self.seen[index(counter)]
    }
}

fn index(counter: u64) -> usize {
    (counter % WINDOW / 64) as usize
}

fn bit(counter: u64) -> u64 {
    1 << (counter % 64)
}

const WORDS: usize = 16;
const WINDOW: u64 = 64 * WORDS as u64;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_counter_is_new_once() {
        let mut window = ReplayWindow::new();
        for counter in [0, 7, 3, 1023, 1024, 5000, 4999] {
            assert!(window.is_new(counter), "{counter}");
            window.mark(counter);
            assert!(!window.is_new(counter), "{counter}");
        }
    }

    #[test]
    fn what_is_older_than_the_window_is_never_new() {
        let mut window = ReplayWindow::new();
        window.mark(2000);
        assert!(!window.is_new(2000 - 1024));
        assert!(window.is_new(2001 - 1024));
    }

    proptest! {
        #[test]
        fn no_counter_is_accepted_twice_and_recent_ones_are_accepted_once(
            counters in proptest::collection::vec(0_u64..6000, 1..400)
        ) {
            let (mut window, mut seen, mut highest) = (ReplayWindow::new(), HashSet::new(), 0);
            for counter in counters {
                highest = highest.max(counter);
                let expected = !seen.contains(&counter) && highest - counter < WINDOW;
                prop_assert_eq!(window.is_new(counter), expected, "{}", counter);
                if expected {
                    window.mark(counter);
                    seen.insert(counter);
                }
            }
        }
    }
}
