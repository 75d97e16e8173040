//! An endpoint's time: tokio's, which is virtual in a simulation.

use std::{cell::Cell, future::Future, pin::Pin, task::Context};

use s2n_quic_core::time::{Clock, NoopClock, Timestamp};
use tokio::time::{Instant, Sleep, sleep_until};

/// Is read once for all that happens at a moment: the endpoint asks several times for each packet.
#[derive(Debug)]
pub(super) struct TokioClock {
    start: Instant,
    /// What the endpoint calls that moment.
    start_timestamp: Timestamp,
    now: Cell<Option<Timestamp>>,
}

impl TokioClock {
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), start_timestamp: NoopClock.get_time(), now: Cell::default() }
    }

    /// Whoever asks next is told the time as it is then.
    pub(super) fn go_on(&self) {
        self.now.set(None);
    }

    fn instant(&self, timestamp: Timestamp) -> Instant {
        self.start + timestamp.saturating_duration_since(self.start_timestamp)
    }
}

impl Clock for TokioClock {
    fn get_time(&self) -> Timestamp {
        let now = self.now.get().unwrap_or_else(|| self.start_timestamp + self.start.elapsed());
        self.now.set(Some(now));
        now
    }
}

/// Wakes the endpoint's task when it asked to be.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When `sleep` ends, if the task waits for it.
    due: Option<Timestamp>,
}

impl Timer {
    /// Whether it has gone off.
    pub(super) fn is_over(&mut self, clock: &TokioClock) -> bool {
        self.due.take_if(|due| *due <= clock.get_time()).is_some()
    }

    /// Goes off at `timestamp`, or before.
    ///
    /// An endpoint's next moment is near while it waits for an acknowledgement, and far when it has that: twice for each call.
    /// To set the runtime's timer as often costs more than to be woken too early once in a while.
    pub(super) fn set(&mut self, timestamp: Timestamp, clock: &TokioClock, cx: &mut Context<'_>) {
        if self.due.is_some_and(|due| due <= timestamp) {
            return;
        }
        self.due = Some(timestamp);
        let due = clock.instant(timestamp);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        sleep.as_mut().reset(due);
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}
