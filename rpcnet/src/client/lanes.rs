//! The lanes of a connection, and how many of them its path asks for.
//!
//! A lane is read in order, so a packet that is lost holds up every call on it until it is sent again, a round trip later
//! or more. That is short where the round trip is, and one lane batches best. Where it is long, several lanes keep a
//! loss from reaching more than their share of the calls.

use std::{
    iter,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::lane::Lane;
use crate::RpcError;

/// The first, and the others once calls have overlapped: a call that is alone holds nobody up, and a connection that rests
/// takes a quarter of the memory.
pub(super) struct Lanes {
    first: OpenLane,
    others: OnceLock<Box<[OpenLane]>>,
    next: AtomicUsize,
    overlapped: AtomicBool,
    overlap: Notify,
}

/// A lane and its QUIC stream id.
pub(super) type OpenLane = (u64, Arc<Lane>);

impl Lanes {
    pub(super) fn new(first: OpenLane) -> Self {
        let (others, next) = (OnceLock::new(), AtomicUsize::new(0));
        Self { first, others, next, overlapped: AtomicBool::new(false), overlap: Notify::new() }
    }

    /// The lane for the next call: each in its turn.
    pub(super) fn pick(&self) -> &Lane {
        let others = self.others();
        if others.is_empty() {
            return &self.first.1;
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % (1 + others.len());
        turn.checked_sub(1).map_or(&self.first.1, |turn| &others[turn].1)
    }

    pub(super) fn by_id(&self, id: u64) -> Option<&Lane> {
        self.all().find(|(own, _)| *own == id).map(|(_, lane)| &**lane)
    }

    /// Ends every call on every lane. Closing them again changes nothing.
    pub(super) fn close(&self, error: &RpcError) {
        self.all().for_each(|(_, lane)| lane.close(error));
    }

    /// Why the lanes are closed, if they are.
    pub(super) fn closed(&self) -> Option<RpcError> {
        self.first.1.closed()
    }

    /// Two calls are under way at once.
    #[inline]
    pub(super) fn note_overlap(&self) {
        if !self.overlapped.load(Ordering::Relaxed) && !self.overlapped.swap(true, Ordering::Relaxed) {
            self.overlap.notify_one();
        }
    }

    /// Waits until calls have overlapped. For one task.
    pub(super) async fn wait_overlap(&self) {
        self.overlap.notified().await;
    }

    /// Calls go over these as well from now on. For the first time only.
    pub(super) fn add(&self, others: Vec<OpenLane>) {
        let added = self.others.set(others.into());
        debug_assert!(added.is_ok(), "one task opens them, once");
    }

    fn all(&self) -> impl Iterator<Item = &OpenLane> {
        iter::once(&self.first).chain(self.others())
    }

    fn others(&self) -> &[OpenLane] {
        self.others.get().map_or(&[], |others| others)
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
/// (`examples/lossy_path`), which is what this number rests on. In virtual time, with 64 callers that each wait for their answer,
/// 1, 4, 8 and 16 lanes have that of a stream for each call (`simulation-tests/examples/lossy_path_simulated`).
const LANES_WHERE_LONG: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::gate::Gate;

    fn lanes(count: u64) -> Lanes {
        let gate = Arc::new(Gate::new(1));
        let mut opened = (0..count).map(|lane| (lane * 4, Lane::new(Arc::clone(&gate))));
        let lanes = Lanes::new(opened.next().expect("one at least"));
        lanes.add(opened.collect());
        lanes
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
