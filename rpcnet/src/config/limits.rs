//! How much a server takes on at most, and the legal range of every number in a configuration.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::error::ConfigError;
use crate::proto::LANES_MAX;

/// A server's limits: beyond them it refuses, so that its memory stays bounded.
#[derive(Debug, Clone)]
pub(crate) struct ServerLimits {
    pub(crate) message_bytes_max: usize,
    pub(crate) calls_per_connection_max: u32,
    pub(crate) calls_max: usize,
    pub(crate) connections_max: usize,
    pub(crate) handshakes_in_flight_max: usize,
    /// By the largest message if `None`, as the next.
    pub(crate) buffer_bytes_per_connection_max: Option<usize>,
    pub(crate) buffer_bytes_max: Option<usize>,
    pub(crate) stall_timeout: Duration,
}

impl ServerLimits {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        in_range("with_message_bytes_max", self.message_bytes_max, MESSAGE_BYTES)?;
        in_range("with_calls_per_connection_max", self.calls_per_connection_max, 1..=CALLS_PER_CONNECTION)?;
        in_range("with_calls_max", self.calls_max, COUNT)?;
        in_range("with_connections_max", self.connections_max, COUNT)?;
        in_range("with_handshakes_in_flight_max", self.handshakes_in_flight_max, COUNT)?;
        in_range("with_stall_timeout", self.stall_timeout, TIMEOUT)?;
        // Half of it is for new requests, and the largest must fit.
        let least = 2 * self.message_bytes_max;
        in_range("with_buffer_bytes_per_connection_max", self.buffer_bytes_per_connection_max(), least..=usize::MAX)?;
        let least = self.buffer_bytes_per_connection_max();
        in_range("with_buffer_bytes_max", self.buffer_bytes_max(), least..=usize::MAX)
    }

    pub(crate) fn buffer_bytes_per_connection_max(&self) -> usize {
        let default = BUFFER_BYTES_PER_CONNECTION.max(MESSAGES_PER_CONNECTION * self.message_bytes_max);
        self.buffer_bytes_per_connection_max.unwrap_or(default)
    }

    pub(crate) fn buffer_bytes_max(&self) -> usize {
        let default = CONNECTIONS_AT_THEIR_LIMIT * self.buffer_bytes_per_connection_max();
        self.buffer_bytes_max.unwrap_or(default)
    }
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            message_bytes_max: MESSAGE_BYTES_DEFAULT,
            calls_per_connection_max: 4096,
            calls_max: 65_536,
            connections_max: 10_000,
            handshakes_in_flight_max: 1024,
            buffer_bytes_per_connection_max: None,
            buffer_bytes_max: None,
            stall_timeout: Duration::from_secs(30),
        }
    }
}

/// Refuses a value outside `legal`, naming the builder's method and the range.
pub(crate) fn in_range<T: PartialOrd + Debug>(
    setting: &'static str,
    value: T,
    legal: RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if legal.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::OutOfRange {
        setting,
        given: format!("{value:?}"),
        legal: format!("{:?} to {:?}", legal.start(), legal.end()),
    })
}

pub(crate) const MESSAGE_BYTES_DEFAULT: usize = 4 * 1024 * 1024;

/// A thousand answers of the size that lanes carry: what a client on a fast path can have under way at once.
const BUFFER_BYTES_PER_CONNECTION: usize = 64 * 1024 * 1024;

/// A few large requests, and a few large answers.
const MESSAGES_PER_CONNECTION: usize = 8;

/// So many clients may do their worst at once.
const CONNECTIONS_AT_THEIR_LIMIT: usize = 16;

/// A message is held in memory as a whole: above a gibibyte, streaming is the way.
pub(crate) const MESSAGE_BYTES: RangeInclusive<usize> = 1..=1024 * 1024 * 1024;

/// For what is counted by a semaphore or a table.
pub(crate) const COUNT: RangeInclusive<usize> = 1..=100_000_000;

const CALLS_PER_CONNECTION: u32 = 1_000_000;

/// For what a network takes: below a millisecond nothing can be answered, above a day it is no timeout.
pub(crate) const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);

/// For what a handler takes: it may well be some days.
pub(crate) const DEADLINE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(30 * 24 * 60 * 60);

pub(crate) const LANES: RangeInclusive<usize> = 1..=LANES_MAX;

pub(crate) const IO_THREADS: RangeInclusive<usize> = 1..=1024;

/// QUIC asks for datagrams of 1200 bytes; 28 are the headers of UDP and IPv4.
pub(crate) const MTU: RangeInclusive<u16> = 1228..=u16::MAX;

/// The QUIC library takes windows of 32 bits; below 16 KiB a single packet burst would stall.
pub(crate) const WINDOW_BYTES: RangeInclusive<u32> = 16 * 1024..=u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limits_are_legal() {
        assert!(ServerLimits::default().check().is_ok());
    }

    #[test]
    fn a_value_out_of_range_is_reported_with_its_setting_and_range() {
        let limits = ServerLimits { calls_max: 0, ..ServerLimits::default() };
        let message = limits.check().expect_err("no call at all").to_string();
        assert_eq!(message, "with_calls_max: 0 is out of range: give 1 to 100000000");
    }

    #[test]
    fn a_duration_is_reported_with_its_unit() {
        let message = in_range("with_deadline", Duration::ZERO, DEADLINE).expect_err("zero").to_string();
        assert_eq!(message, "with_deadline: 0ns is out of range: give 1ms to 2592000s");
    }
}
