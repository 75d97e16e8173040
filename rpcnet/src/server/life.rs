//! Where a server is in its life, and who waits for the end of what it still owes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

/// A server only ever goes from one phase to a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Serving,
    /// Nothing new begins; what has begun may go on, at the longest until this moment.
    Draining {
        until: Option<Instant>,
    },
    Stopped,
}

/// One for a server.
pub(crate) struct Life {
    phase: watch::Sender<Phase>,
    /// What every request asks: that a flag says it costs one load.
    draining: AtomicBool,
    connections: AtomicUsize,
    /// How many wait for the last call or connection to end. As long as nobody does, the end of one tells nobody.
    waiting: AtomicUsize,
    ended: Notify,
}

impl Life {
    pub(crate) fn new() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Serving),
            draining: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            ended: Notify::new(),
        }
    }

    /// Nothing new begins from here on. Of several moments at which all must have ended, the first counts.
    pub(super) fn drain(&self, until: Option<Instant>) {
        self.draining.store(true, Ordering::Release);
        self.phase.send_if_modified(|phase| {
            let next = match *phase {
                Phase::Serving => Phase::Draining { until },
                Phase::Draining { until: before } => {
                    Phase::Draining { until: [before, until].into_iter().flatten().min() }
                }
                Phase::Stopped => Phase::Stopped,
            };
            std::mem::replace(phase, next) != next
        });
    }

    pub(super) fn stop(&self) {
        self.draining.store(true, Ordering::Release);
        self.phase.send_replace(Phase::Stopped);
    }

    /// Whether new calls and connections are refused.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.phase.borrow() == Phase::Stopped
    }

    /// Waits until the server has been told to stop.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as `self`, so there is no other end.
        let _ = self.watch().wait_for(|phase| *phase == Phase::Stopped).await;
    }

    /// Waits until new calls are refused.
    pub(crate) async fn draining(&self) {
        let _ = self.watch().wait_for(|phase| *phase != Phase::Serving).await;
    }

    /// Counts a connection until the guard is dropped.
    pub(crate) fn open_connection(&self) -> OpenConnection<'_> {
        let number = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
        OpenConnection { life: self, number }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits for `condition`, which is asked again at the end of the last call and of each connection.
    pub(super) async fn wait_for(&self, condition: impl Fn() -> bool) {
        let _waiting = Waiting::begin(&self.waiting);
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Before the condition is asked, so that no end falls between the two.
            ended.as_mut().enable();
            if condition() {
                return;
            }
            ended.await;
        }
    }

    /// The last call has ended, or a connection.
    pub(crate) fn tell_ended(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.ended.notify_waiters();
        }
    }
}

/// A connection of the server.
pub(crate) struct OpenConnection<'a> {
    life: &'a Life,
    number: usize,
}

impl OpenConnection<'_> {
    /// How many there were when it was opened, itself among them. Of several at once, each has another.
    pub(crate) fn number(&self) -> usize {
        self.number
    }
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.life.connections.fetch_sub(1, Ordering::SeqCst);
        self.life.tell_ended();
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_two_ends_the_earlier_one_counts_and_a_stopped_server_stays_stopped() {
        let life = Life::new();
        let now = Instant::now();
        let [sooner, later] = [now + Duration::from_secs(1), now + Duration::from_secs(2)];
        assert!(!life.is_draining());
        for (until, expected) in [(None, None), (Some(later), Some(later)), (Some(sooner), Some(sooner))] {
            life.drain(until);
            assert_eq!(*life.watch().borrow(), Phase::Draining { until: expected });
        }
        life.drain(Some(later));
        assert_eq!(*life.watch().borrow(), Phase::Draining { until: Some(sooner) });
        life.stop();
        life.drain(None);
        assert_eq!(*life.watch().borrow(), Phase::Stopped);
        assert!(life.is_draining());
    }

    #[tokio::test]
    async fn whoever_waits_learns_of_the_end_of_the_last_connection() {
        let life = Life::new();
        let [first, second] = [life.open_connection(), life.open_connection()];
        assert_eq!([first.number(), second.number()], [1, 2]);
        let waiting = life.wait_for(|| life.connections() == 0);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(first);
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(second);
        waiting.await;
    }
}
