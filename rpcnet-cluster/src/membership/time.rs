//! Time as the core knows it: how long since the driver's clock began.

use std::{
    ops::{Add, Sub},
    time::Duration,
};

/// A moment on the driver's monotonic clock, in microseconds since that clock began.
///
/// The core has no clock: whoever drives it says what time it is. A driver takes the time since it started
/// (`Instant::elapsed`), so jumps of the wall clock never reach the core; the simulator takes its virtual clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// When the clock began.
    pub const ZERO: Self = Self(0);

    /// The moment `micros` microseconds after the clock began.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The moment `since_start` after the clock began.
    pub fn since_start(since_start: Duration) -> Self {
        Self(u64::try_from(since_start.as_micros()).unwrap_or(u64::MAX))
    }

    /// Microseconds since the clock began.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long before `self` the moment `earlier` was; nothing if it was not before.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }
}
