//! What a seed stands for. Pure.

use std::{ops::Range, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::service::End;

/// All that will happen.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub network: Network,
    /// One after the other, each with the pause before it.
    pub network_faults: Vec<(Duration, Fault)>,
    /// The same, at the same time.
    pub server_faults: Vec<(Duration, Fault)>,
    pub wait_for_ready: bool,
    /// Callers at work at the same time, each with its calls.
    pub callers: Vec<Vec<Call>>,
}

/// How the network is on its good days.
#[derive(Clone, Debug)]
pub struct Network {
    /// Each packet takes a time of its own between these, so they overtake each other.
    pub latency: Range<Duration>,
    /// The part of all packets that is lost.
    pub loss: f64,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Packets are lost, both ways.
    Partition { lasts: Duration },
    /// Packets are lost one way.
    OneWay { to_server: bool, lasts: Duration },
    /// Packets are held up, both ways, and arrive all at once in the end.
    Hold { lasts: Duration },
    /// The server's machine crashes.
    Crash { down: Duration },
    /// The server shuts down as it should.
    Shutdown { within: Duration, down: Duration },
    /// The server stops at once.
    Stop { down: Duration },
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    pub number: u64,
    pub shape: Shape,
    /// The pause before it.
    pub after: Duration,
    pub deadline: Option<Duration>,
    /// Its caller loses its patience.
    pub dropped_after: Option<Duration>,
    pub request_bytes: usize,
    pub answer_bytes: usize,
    /// What its handler does for so long, before its answer or each item.
    pub handler_pause: Duration,
    /// The same for the caller, before each of its items.
    pub caller_pause: Duration,
    pub items: u32,
    /// How many of the caller's items the handler cares for.
    pub reads: u32,
    /// The caller's own stream fails here.
    pub fails_at: Option<u32>,
    pub(crate) end: End,
}

/// The method that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Once,
    Again,
    Stubborn,
    Count,
    Upload,
    Echo,
}

impl Plan {
    /// The plan of a seed.
    pub fn new(seed: u64) -> Self {
        let mut draw = Draw(StdRng::seed_from_u64(seed));
        let least = draw.millis(1..20);
        let network = Network { latency: least..least + draw.millis(1..40), loss: draw.0.random_range(0.0..0.1) };
        let network_faults = draw.faults(Draw::network_fault);
        let server_faults = draw.faults(Draw::server_fault);
        let callers = (0..CALLERS).map(|caller| (0..CALLS).map(|call| draw.call(caller * CALLS + call)).collect());
        let callers = callers.collect();
        Self { seed, network, network_faults, server_faults, wait_for_ready: draw.chance(0.5), callers }
    }

    /// The same calls, and nothing goes wrong, nor is any of them told to fail.
    pub fn without_faults(seed: u64) -> Self {
        let mut plan = Self::new(seed);
        plan.network.loss = 0.0;
        // Packets that overtake each other look lost to congestion control, which then sends next to nothing.
        plan.network.latency.end = plan.network.latency.start + Duration::from_millis(1);
        plan.network_faults.clear();
        plan.server_faults.clear();
        for call in plan.callers.iter_mut().flatten() {
            (call.deadline, call.dropped_after, call.fails_at, call.end) = (None, None, None, End::Value);
        }
        plan
    }

    /// Every call.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.callers.iter().flatten()
    }
}

struct Draw(StdRng);

impl Draw {
    fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.0.random_range(range))
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.0.random_bool(probability)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.0.random_range(0..choices.len())]
    }

    fn faults(&mut self, one: fn(&mut Self) -> Fault) -> Vec<(Duration, Fault)> {
        (0..self.0.random_range(0..4)).map(|_| (self.millis(200..4000), one(self))).collect()
    }

    fn network_fault(&mut self) -> Fault {
        // Some are over before anybody gives a connection up, some are not.
        let lasts = if self.chance(0.5) { self.millis(20..1500) } else { self.millis(1500..6000) };
        match self.0.random_range(0..3) {
            0 => Fault::Partition { lasts },
            1 => Fault::OneWay { to_server: self.chance(0.5), lasts },
            _ => Fault::Hold { lasts },
        }
    }

    fn server_fault(&mut self) -> Fault {
        let down = if self.chance(0.5) { self.millis(1..100) } else { self.millis(100..5000) };
        match self.0.random_range(0..3) {
            0 => Fault::Crash { down },
            1 => Fault::Shutdown { within: self.millis(1..3000), down },
            _ => Fault::Stop { down },
        }
    }

    fn call(&mut self, number: u64) -> Call {
        let shape = self.of(&[
            Shape::Once,
            Shape::Once,
            Shape::Again,
            Shape::Stubborn,
            Shape::Count,
            Shape::Upload,
            Shape::Echo,
        ]);
        let streams = matches!(shape, Shape::Count | Shape::Upload | Shape::Echo);
        let items = if streams { self.0.random_range(0..60) } else { 0 };
        let item_pause = [0..1, 0..1, 0..50];
        let pauses = if streams { &item_pause[..] } else { &[0..1, 0..1, 1..300, 1000..3000][..] };
        let [handler_pause, caller_pause] = [(); 2].map(|()| {
            let range = pauses[self.0.random_range(0..pauses.len())].clone();
            self.millis(range)
        });
        let answer_bytes = if streams { self.of(&[0, 10, 500, 3000]) } else { self.of(&[0, 10, 1000, 100_000]) };
        Call {
            number,
            shape,
            after: self.millis(0..600),
            deadline: self.chance(0.7).then(|| self.millis(20..5000)),
            dropped_after: self.chance(0.15).then(|| self.millis(0..800)),
            request_bytes: self.of(&[0, 10, 10, 1000, 100_000]),
            answer_bytes,
            handler_pause,
            caller_pause,
            items,
            reads: if self.chance(0.2) { self.0.random_range(0..60) } else { u32::MAX },
            fails_at: self.chance(0.1).then(|| self.0.random_range(0..60)),
            end: if self.chance(0.1) { self.of(&[End::Error, End::Panic]) } else { End::Value },
        }
    }
}

const CALLERS: u64 = 6;
const CALLS: u64 = 16;
