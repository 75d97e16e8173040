//! What is called when: the same for every system.

use super::world::{Setup, Traffic};
use crate::membership::Random;

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at_us: u64,
    pub(crate) caller: usize,
    /// Seconds of a worker of speed 1.
    pub(crate) work: f64,
}

/// The calls of open traffic: by a Poisson process, each from any of the callers.
pub(crate) fn trace(setup: &Setup, seed: u64) -> Vec<Arrival> {
    let Traffic::Open(load) = setup.traffic else {
        return Vec::new();
    };
    let mut random = Random::new(seed);
    let speed: f64 = setup.speeds.iter().sum();
    let gap = setup.service.mean() / (load * speed);
    let mut at = 0.0;
    let mut arrivals = Vec::new();
    loop {
        at += -gap * (1.0 - random.unit()).ln();
        if at >= setup.seconds {
            return arrivals;
        }
        let (caller, work) = (random.below(setup.callers), setup.service.draw(&mut random));
        arrivals.push(Arrival { at_us: (at * 1e6) as u64, caller, work });
    }
}
