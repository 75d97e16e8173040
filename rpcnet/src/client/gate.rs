//! Who may begin a call on a connection: as many at once as the server takes, and nobody once it is shut.

use std::{
    mem,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::sync::{Notify, Semaphore};

use crate::{ErrorKind, Executed, RpcError};

/// One for a connection.
#[derive(Debug)]
pub(crate) struct Gate {
    /// How many more calls the server takes, and [`SHUT`]. One is taken for each id in use, by a caller or by a lane's
    /// table.
    free: AtomicUsize,
    /// Callers who found none.
    waiting: AtomicUsize,
    /// What is free while somebody waits: it goes to them in the order in which they came.
    handed_over: Semaphore,
    calls_max: usize,
    /// Whoever watches over the calls knows that there are some. Otherwise the next one tells.
    watched: AtomicBool,
    begun: Notify,
    /// Streaming calls: the server owes them something too, but they may be silent for long.
    streams: AtomicUsize,
    /// Never has a permit: it is closed when the gate is shut, and who waits for that waits here.
    shut: Semaphore,
}

/// The right to make one call, until it is made or given up.
#[derive(Debug)]
pub(crate) struct Reservation<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new(calls_max: u32) -> Self {
        let calls_max = calls_max as usize;
        let (watched, begun) = (AtomicBool::new(true), Notify::new());
        let (free, waiting, handed_over) = (AtomicUsize::new(calls_max), AtomicUsize::new(0), Semaphore::new(0));
        let (streams, shut) = (AtomicUsize::new(0), Semaphore::new(0));
        Self { free, waiting, handed_over, calls_max, watched, begun, streams, shut }
    }

    /// Waits until the server takes another call, first come, first served.
    ///
    /// # Errors
    ///
    /// The gate is shut.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, it only loses its place in the queue.
    pub(crate) async fn enter(&self) -> Result<Reservation<'_>, RpcError> {
        let _waiting = Waiting::new(self);
        // In this order, so that a call that ends meanwhile is either seen here or sees that somebody waits.
        self.hand_over();
        match self.handed_over.acquire().await {
            Ok(permit) => {
                permit.forget();
                Ok(self.begin())
            }
            Err(_) => Err(going_away()),
        }
    }

    /// The same if it can be had at once.
    pub(crate) fn try_enter(&self) -> Option<Reservation<'_>> {
        let one_less = |free: usize| if free & SHUT == 0 { free.checked_sub(1) } else { None };
        if self.free.fetch_update(Ordering::SeqCst, Ordering::Relaxed, one_less).is_err() {
            // Something may be left over from those who waited.
            self.handed_over.try_acquire().ok()?.forget();
        }
        Some(self.begin())
    }

    /// Counts a streaming call, until [`Gate::end_stream`].
    pub(crate) fn begin_stream(&self) {
        self.streams.fetch_add(1, Ordering::SeqCst);
        self.tell_watcher();
    }

    pub(crate) fn end_stream(&self) {
        self.streams.fetch_sub(1, Ordering::SeqCst);
    }

    fn begin(&self) -> Reservation<'_> {
        self.tell_watcher();
        Reservation(self)
    }

    fn tell_watcher(&self) {
        if !self.watched.load(Ordering::SeqCst) && !self.watched.swap(true, Ordering::SeqCst) {
            self.begun.notify_one();
        }
    }

    /// So many ids are free again.
    pub(crate) fn release(&self, ids: usize) {
        if ids > 0 {
            self.free.fetch_add(ids, Ordering::SeqCst);
            if self.waiting.load(Ordering::SeqCst) > 0 {
                self.hand_over();
            }
        }
    }

    /// Gives what is free to those who wait.
    fn hand_over(&self) {
        let free = self.free.fetch_and(SHUT, Ordering::SeqCst) & !SHUT;
        if free > 0 {
            self.handed_over.add_permits(free);
        }
    }

    /// Nobody begins a call any more. Those that have begun go on.
    pub(crate) fn shut(&self) {
        self.free.fetch_or(SHUT, Ordering::SeqCst);
        self.handed_over.close();
        self.shut.close();
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.shut.is_closed()
    }

    /// Whether the server owes anything: the answer to a call, be its caller still there or not.
    pub(crate) fn is_in_use(&self) -> bool {
        self.has_calls() || self.streams.load(Ordering::SeqCst) > 0
    }

    /// The same without those that stream.
    fn has_calls(&self) -> bool {
        // Between the two what is handed over looks taken: for a moment, and on the safe side.
        let free = self.free.load(Ordering::SeqCst) & !SHUT;
        free + self.handed_over.available_permits() < self.calls_max
    }

    /// Waits until it does. For one task, which watches over the calls.
    pub(crate) async fn wait_in_use(&self) {
        // In this order, so that a call that begins meanwhile is either seen here or tells.
        self.watched.store(false, Ordering::SeqCst);
        while !self.is_in_use() {
            self.begun.notified().await;
            self.watched.store(false, Ordering::SeqCst);
        }
        self.watched.store(true, Ordering::SeqCst);
    }

    /// Waits until the gate is shut.
    pub(crate) async fn wait_shut(&self) {
        let _ = self.shut.acquire().await;
    }
}

/// Counts a caller who waits, until it is dropped.
struct Waiting<'a>(&'a Gate);

impl<'a> Waiting<'a> {
    fn new(gate: &'a Gate) -> Self {
        gate.waiting.fetch_add(1, Ordering::SeqCst);
        Self(gate)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Set in the count of what is free once nobody may enter any more.
const SHUT: usize = 1 << (usize::BITS - 1);

impl Reservation<'_> {
    /// The id is in use from now on: whoever frees it calls [`Gate::release`].
    pub(crate) fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.0.release(1);
    }
}

/// The error of a call that comes too late for its connection.
pub(super) fn going_away() -> RpcError {
    RpcError::new(ErrorKind::Draining, Executed::No, "the server is going away; try another")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::poll;

    use super::*;

    #[tokio::test]
    async fn who_waits_gets_what_becomes_free_in_the_order_of_coming() {
        let gate = Gate::new(1);
        let held = gate.try_enter().expect("one is free");
        let (mut first, mut second) = (pin!(gate.enter()), pin!(gate.enter()));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        drop(held);
        assert!(gate.try_enter().is_none(), "nobody overtakes those who wait");
        assert!(poll!(&mut second).is_pending());
        drop(first.await.expect("open"));
        drop(second.await.expect("open"));
        assert!(!gate.has_calls());
    }

    #[tokio::test]
    async fn what_was_handed_over_to_someone_who_left_is_free_again() {
        let gate = Gate::new(2);
        let held = [gate.try_enter(), gate.try_enter()];
        {
            let mut leaves = pin!(gate.enter());
            assert!(poll!(&mut leaves).is_pending());
            drop(held);
        }
        assert!(!gate.has_calls());
        let _again = [gate.try_enter().expect("free"), gate.try_enter().expect("free")];
        assert!(gate.try_enter().is_none() && gate.has_calls());
    }

    #[tokio::test]
    async fn nobody_enters_a_gate_that_is_shut_and_who_waits_there_is_told() {
        let gate = Gate::new(1);
        let held = gate.try_enter().expect("one is free");
        let mut waits = pin!(gate.enter());
        assert!(poll!(&mut waits).is_pending());
        gate.shut();
        assert_eq!(waits.await.expect_err("shut").executed(), Executed::No);
        drop(held);
        assert!(gate.try_enter().is_none() && gate.is_shut() && !gate.has_calls());
    }
}
