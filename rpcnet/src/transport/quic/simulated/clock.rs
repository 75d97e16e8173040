//! The endpoint's clock: tokio's, which is virtual in a simulation.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use s2n_quic_core::time::{Clock, ClockWithTimer, NoopClock, Timestamp, clock::Timer};
use tokio::time::{Instant, Sleep, sleep_until};

#[derive(Clone, Debug)]
pub(super) struct VirtualClock {
    start: Instant,
    /// What the endpoint calls that moment.
    start_timestamp: Timestamp,
}

impl VirtualClock {
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), start_timestamp: NoopClock.get_time() }
    }

    fn instant(&self, timestamp: Timestamp) -> Instant {
        self.start + timestamp.saturating_duration_since(self.start_timestamp)
    }
}

impl Clock for VirtualClock {
    fn get_time(&self) -> Timestamp {
        self.start_timestamp + self.start.elapsed()
    }
}

impl ClockWithTimer for VirtualClock {
    type Timer = VirtualTimer;

    fn timer(&self) -> VirtualTimer {
        VirtualTimer { clock: self.clone(), sleep: None }
    }
}

#[derive(Debug)]
pub(super) struct VirtualTimer {
    clock: VirtualClock,
    /// Until the next moment that the endpoint asked for, if that has not come.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer for VirtualTimer {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(sleep) = &mut self.sleep else {
            return Poll::Pending;
        };
        let polled = sleep.as_mut().poll(cx);
        if polled.is_ready() {
            self.sleep = None;
        }
        polled
    }

    fn update(&mut self, timestamp: Timestamp) {
        let due = self.clock.instant(timestamp);
        match &mut self.sleep {
            Some(sleep) if sleep.deadline() == due => {}
            Some(sleep) => sleep.as_mut().reset(due),
            None => self.sleep = Some(Box::pin(sleep_until(due))),
        }
    }
}
