//! The lanes of a connection, and how many of them its path asks for.
//!
//! A lane is read in order, so a packet that is lost holds up every call on it until it is sent again, a round trip later
//! or more. That is short where the round trip is, and one lane batches best. Where it is long, several lanes keep a
//! loss from reaching more than their share of the calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::lane::{Lane, dropped};
use crate::RpcError;

/// In the order in which they were opened, each with its QUIC stream id. Never empty.
pub(super) struct Lanes {
    lanes: Box<[(u64, Arc<Lane>)]>,
    next: AtomicUsize,
}

impl Lanes {
    pub(super) fn new(lanes: Vec<(u64, Arc<Lane>)>) -> Self {
        debug_assert!(!lanes.is_empty(), "a connection opens a lane at least");
        Self { lanes: lanes.into(), next: AtomicUsize::new(0) }
    }

    /// The lane for the next call: each in its turn.
    pub(super) fn pick(&self) -> &Lane {
        match &*self.lanes {
            [(_, only)] => only,
            lanes => &lanes[self.next.fetch_add(1, Ordering::Relaxed) % lanes.len()].1,
        }
    }

    pub(super) fn by_id(&self, id: u64) -> Option<&Lane> {
        self.lanes.iter().find(|(own, _)| *own == id).map(|(_, lane)| &**lane)
    }

    /// Ends every call on every lane. Closing them again changes nothing.
    pub(super) fn close(&self, error: &RpcError) {
        self.lanes.iter().for_each(|(_, lane)| lane.close(error));
    }

    /// Why the lanes are closed, if they are.
    pub(super) fn closed(&self) -> Option<RpcError> {
        self.lanes.first().map_or_else(|| Some(dropped()), |(_, lane)| lane.closed())
    }
}

/// How many lanes a connection opens whose path takes `rtt` and back.
pub(super) fn lanes_for(rtt: Duration) -> usize {
    if rtt < LONG { 1 } else { LANES_WHERE_LONG }
}

/// Below it, what a loss costs is mostly QUIC's timers, which are the same for any number of lanes: a probe timeout is no
/// shorter than the peer's delay of acknowledgements, 25 ms. One machine room stays below it, two do not.
const LONG: Duration = Duration::from_millis(2);

/// At 1% of loss and 4 ms there and back, on real sockets, four had a 99th percentile below that of one lane
/// (`examples/lossy_path`). In virtual time, with 64 calls in flight, any number of lanes has that of a stream for each call
/// (`simulation-tests/examples/lossy_path`).
const LANES_WHERE_LONG: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::gate::Gate;

    fn lanes(count: u64) -> Lanes {
        let gate = Arc::new(Gate::new(1));
        Lanes::new((0..count).map(|lane| (lane * 4, Lane::new(Arc::clone(&gate)))).collect())
    }

    #[test]
    fn a_path_that_is_short_or_unknown_gets_one_lane_and_a_long_one_several() {
        for (rtt_us, expected) in [(0, 1), (300, 1), (1_999, 1), (2_000, 4), (200_000, 4)] {
            assert_eq!(lanes_for(Duration::from_micros(rtt_us)), expected, "{rtt_us} us");
        }
    }

    #[test]
    fn each_lane_takes_its_turn() {
        let lanes = lanes(3);
        let turn = || -> Vec<_> { (0..3).map(|_| std::ptr::from_ref(lanes.pick())).collect() };
        let first = turn();
        assert_eq!(first, turn());
        assert_eq!(std::ptr::from_ref(lanes.by_id(8).expect("the third")), first[2]);
        assert!(lanes.by_id(12).is_none());
    }
}
