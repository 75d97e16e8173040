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
    /// As many permits as the server takes calls at once. One is held for each id in use, by a caller or by a lane's table.
    ids: Semaphore,
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
        let streams = AtomicUsize::new(0);
        Self { ids: Semaphore::new(calls_max), calls_max, watched, begun, streams, shut: Semaphore::new(0) }
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
        match self.ids.acquire().await {
            Ok(permit) => {
                permit.forget();
                Ok(self.begin())
            }
            Err(_) => Err(going_away()),
        }
    }

    /// The same if it can be had at once.
    pub(crate) fn try_enter(&self) -> Option<Reservation<'_>> {
        self.ids.try_acquire().ok()?.forget();
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
            self.ids.add_permits(ids);
        }
    }

    /// Nobody begins a call any more. Those that have begun go on.
    pub(crate) fn shut(&self) {
        self.ids.close();
        self.shut.close();
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.shut.is_closed()
    }

    /// Whether the server owes anything: the answer to a call, be its caller still there or not.
    pub(crate) fn is_in_use(&self) -> bool {
        self.ids.available_permits() < self.calls_max || self.streams.load(Ordering::SeqCst) > 0
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
