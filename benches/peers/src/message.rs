//! What every system carries: the same message, and the same work for a handler that computes.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// The message that is echoed, one type for all: protobuf by prost, serde for the others.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
pub(crate) struct Message {
    /// Tells calls apart, so that a reply given to the wrong call is noticed.
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    /// Opaque bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) payload: Bytes,
}

/// How long a handler is to compute; protobuf needs a message where others take a number.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Micros {
    /// Microseconds of processor time.
    #[prost(uint64, tag = "1")]
    pub(crate) micros: u64,
}

/// Computes until this thread has spent `micros` of processor time.
///
/// Processor time rather than the wall clock: a thread that waits for a core must not count
/// the wait as work done, or adding threads to a busy machine would look free.
pub(crate) fn compute(micros: u64) {
    let end = thread_time() + Duration::from_micros(micros);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while thread_time() < end {
        for _ in 0..500 {
            state = black_box(state.rotate_left(13).wrapping_mul(0x2545_f491_4f6c_dd1d));
        }
    }
}

/// Processor time of the calling thread.
fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::MAX, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computing_spends_the_processor_time_asked_for() {
        let before = thread_time();
        compute(2_000);
        let spent = thread_time() - before;
        assert!(spent >= Duration::from_micros(2_000), "{spent:?}");
    }
}
