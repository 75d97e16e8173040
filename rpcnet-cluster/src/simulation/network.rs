//! What becomes of a datagram.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use crate::membership::Random;

/// How a link treats what is sent over it, in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// The least time on the way.
    pub delay: Duration,
    /// More time, up to this.
    pub jitter: Duration,
    /// The share that is lost, each datagram by itself.
    pub loss: f64,
    /// Losses that come together.
    pub burst: Option<Burst>,
    /// The share that arrives three times.
    pub duplicated: f64,
    /// The share that is held back, and for how long at most.
    pub reordered: (f64, Duration),
}

/// Losses in bursts (Gilbert 1960, Elliott 1963): in a good time nothing is lost, in a bad time nearly everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// How long a bad time takes on average.
    pub bad: Duration,
    /// How long a good time takes on average.
    pub good: Duration,
    /// The share that is lost in a bad time.
    pub loss: f64,
}

impl Default for Link {
    /// A data centre: half a millisecond, and up to another one.
    fn default() -> Self {
        Self {
            delay: Duration::from_micros(500),
            jitter: Duration::from_micros(1000),
            loss: 0.0,
            burst: None,
            duplicated: 0.0,
            reordered: (0.0, Duration::ZERO),
        }
    }
}

/// All links of a world.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// What links are like unless said otherwise.
    pub link: Link,
    /// Single links, from and to.
    pub links: BTreeMap<(usize, usize), Link>,
    /// Nothing gets from the first to the second.
    pub cuts: BTreeSet<(usize, usize)>,
    /// Nodes that nothing reaches.
    pub deaf: BTreeSet<usize>,
    /// Which part of the network each node is in; all in the same if empty.
    pub parts: Vec<u8>,
    bad: HashMap<(usize, usize), (bool, u64)>,
}

impl Network {
    /// Whether anything can get from one node to another.
    pub fn connects(&self, from: usize, to: usize) -> bool {
        let part = |node: usize| self.parts.get(node).copied().unwrap_or(0);
        part(from) == part(to) && !self.cuts.contains(&(from, to)) && !self.deaf.contains(&to)
    }

    pub(crate) fn link(&self, from: usize, to: usize) -> Link {
        if self.links.is_empty() { self.link } else { self.links.get(&(from, to)).copied().unwrap_or(self.link) }
    }

    /// The delays of the copies that arrive: none, one or three.
    pub(crate) fn send(&mut self, from: usize, to: usize, now: u64, random: &mut Random) -> [Option<Duration>; 3] {
        let link = self.link(from, to);
        let dice = random.unit();
        let loss = self.loss(&link, from, to, now, dice);
        if !self.connects(from, to) || random.chance(loss) {
            return [None; 3];
        }
        let mut delay = || {
            let mut delay = link.delay + random.up_to(link.jitter);
            if link.reordered.0 > 0.0 && random.chance(link.reordered.0) {
                delay += random.up_to(link.reordered.1);
            }
            delay
        };
        let copies = [delay(), delay(), delay()];
        let again = random.chance(link.duplicated);
        [Some(copies[0]), again.then_some(copies[1]), again.then_some(copies[2])]
    }

    fn loss(&mut self, link: &Link, from: usize, to: usize, now: u64, dice: f64) -> f64 {
        let Some(burst) = link.burst else { return link.loss };
        let (bad, good) = (burst.bad.as_secs_f64(), burst.good.as_secs_f64());
        let share = bad / (bad + good);
        let (was_bad, at) = self.bad.get(&(from, to)).copied().unwrap_or((false, 0));
        // A two-state Markov process in continuous time, looked at whenever something is sent.
        let memory = (-((now - at) as f64 / 1e6) * (1.0 / bad + 1.0 / good)).exp();
        let is_bad = dice < share + (f64::from(u8::from(was_bad)) - share) * memory;
        self.bad.insert((from, to), (is_bad, now));
        if is_bad { burst.loss.max(link.loss) } else { link.loss }
    }
}
