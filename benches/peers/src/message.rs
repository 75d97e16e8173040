//! What every system carries: the same message, and the same work for its handlers.

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

/// How large a message was, or is to be; protobuf needs a message where others take a number.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Size {
    /// Bytes of payload.
    #[prost(uint64, tag = "1")]
    pub(crate) bytes: u64,
}

/// Messages without end, numbered from 0, as large as they were asked for.
#[derive(Clone, Debug)]
pub(crate) struct Items {
    next: u64,
    payload: Bytes,
}

impl Items {
    /// Messages with `bytes` of payload.
    pub(crate) fn of(bytes: u64) -> Self {
        Self { next: 0, payload: payload(bytes) }
    }
}

impl Iterator for Items {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let id = self.next;
        self.next += 1;
        Some(Message { id, payload: self.payload.clone() })
    }
}

/// A payload of `bytes`.
pub(crate) fn payload(bytes: u64) -> Bytes {
    Bytes::from(vec![0xa5; usize::try_from(bytes).unwrap_or_default()])
}

/// How long a handler is to compute, for the same reason a message.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Micros {
    /// Microseconds of processor time.
    #[prost(uint64, tag = "1")]
    pub(crate) micros: u64,
}

/// How long it is here.
pub(crate) const COMPUTE_MICROS: u64 = 200;

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
