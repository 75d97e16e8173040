//! Bytes that a server holds for its peers: requests and messages of streams that are being read, and answers that are being sent.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use futures::poll;

use super::shared::ConnectionShared;
use crate::{ErrorKind, Executed, RpcError, proto::CloseCode};

/// How many bytes are held, and how many may be: one for a server, one for each of its connections.
#[derive(Debug)]
pub(crate) struct Budget {
    held: AtomicUsize,
    bytes_max: usize,
}

impl Budget {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { held: AtomicUsize::new(0), bytes_max }
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether new work is to be refused: what is under way needs the other half for its answers.
    pub(crate) fn is_half_spent(&self) -> bool {
        self.held() > self.bytes_max / 2
    }

    /// Takes so many bytes if they are to be had.
    fn take(&self, bytes: usize) -> bool {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held > self.bytes_max {
            self.give(bytes);
        }
        held <= self.bytes_max
    }

    fn give(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What one connection holds, and whether it gets on with it.
#[derive(Debug)]
pub(crate) struct Account {
    budget: Budget,
    /// Bytes that wait for the peer: to send the rest, or to read them.
    waiting: AtomicUsize,
    /// Grows whenever the peer did something about it.
    progress: AtomicUsize,
    /// Streams that wait for their handlers: what the transport keeps of them meanwhile may leave the peer no room to go on with others.
    held_up: AtomicUsize,
}

impl Account {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let (waiting, progress, held_up) = Default::default();
        Self { budget: Budget::new(bytes_max), waiting, progress, held_up }
    }

    pub(crate) fn is_half_spent(&self) -> bool {
        self.budget.is_half_spent()
    }

    /// The peer sent a part of a request, or took a part of an answer.
    pub(crate) fn note_progress(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for a handler. As long as that takes, the peer is not to blame for what does not come.
    pub(crate) async fn held_up<T>(&self, handler: impl Future<Output = T>) -> T {
        let mut handler = pin!(handler);
        if let Poll::Ready(done) = poll!(&mut handler) {
            return done;
        }
        let _counted = HeldUp::begin(&self.held_up);
        handler.await
    }

    /// Whether the peer has kept this side waiting since the last time, of which `before` is what is left.
    pub(crate) fn is_stalled_since(&self, before: &mut Option<usize>) -> bool {
        let waits = self.waiting.load(Ordering::Relaxed) > 0 && self.held_up.load(Ordering::Relaxed) == 0;
        let now = waits.then(|| self.progress.load(Ordering::Relaxed));
        let last = std::mem::replace(before, now);
        now.is_some() && last == now
    }
}

struct HeldUp<'a>(&'a AtomicUsize);

impl<'a> HeldUp<'a> {
    fn begin(held_up: &'a AtomicUsize) -> Self {
        held_up.fetch_add(1, Ordering::Relaxed);
        Self(held_up)
    }
}

impl Drop for HeldUp<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bytes held for the peer of a connection, given back when this is dropped.
pub(crate) struct Charge {
    pub(super) connection: Arc<ConnectionShared>,
    bytes: usize,
    /// The peer has done its part.
    settled: bool,
}

impl Charge {
    pub(crate) fn new(connection: Arc<ConnectionShared>) -> Self {
        Self { connection, bytes: 0, settled: false }
    }

    /// Holds so many bytes more; `false` if there is no room for them.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        debug_assert!(!self.settled, "what is settled waits for this side, and so would this");
        let (account, server) = (&self.connection.account, &self.connection.server.budget);
        account.note_progress();
        if !account.budget.take(bytes) {
            return false;
        }
        if !server.take(bytes) {
            account.budget.give(bytes);
            return false;
        }
        self.bytes += bytes;
        account.waiting.fetch_add(bytes, Ordering::Relaxed);
        true
    }

    /// The same for a part of a request.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), RpcError> {
        match self.grow(bytes) {
            true => Ok(()),
            false => Err(RpcError::new(ErrorKind::Overloaded, Executed::Maybe, "no room for the request")),
        }
    }

    /// The same for an answer, which there must be room for: it is there, and held whether there is or not. A peer that has let
    /// so much gather without reading it is thrown out.
    pub(crate) fn grow_or_close(&mut self, bytes: usize) -> bool {
        // Small answers are bounded by the number of calls, and not worth the counting.
        let fits = bytes <= SMALL || self.grow(bytes);
        if !fits {
            self.connection.close(CloseCode::Unread);
        }
        fits
    }

    /// From now on the bytes wait for this side.
    pub(crate) fn settle(&mut self) {
        if !std::mem::replace(&mut self.settled, true) && self.bytes > 0 {
            self.connection.account.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }

    /// Gives back what is held. What it is charged with next is another thing's.
    pub(crate) fn release(&mut self) {
        if self.bytes > 0 {
            self.settle();
            self.connection.account.budget.give(self.bytes);
            self.connection.server.budget.give(self.bytes);
            self.bytes = 0;
        }
        self.settled = false;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.release();
    }
}

/// With the default of 4,096 calls on a connection, 4 MiB.
const SMALL: usize = 1024;

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_budget_gives_what_it_has_and_no_more() {
        let budget = Budget::new(100);
        assert!(budget.take(50) && !budget.is_half_spent());
        assert!(budget.take(50) && budget.is_half_spent());
        assert!(!budget.take(1));
        assert_eq!(budget.held(), 100, "what was refused is not held");
        budget.give(50);
        assert!(!budget.is_half_spent() && budget.take(50));
    }

    #[test]
    fn a_peer_that_does_nothing_about_what_waits_for_it_has_stalled() {
        let account = Account::new(100);
        let mut before = None;
        assert!(!account.is_stalled_since(&mut before) && !account.is_stalled_since(&mut before), "nothing waits");
        account.waiting.store(1, Ordering::Relaxed);
        assert!(!account.is_stalled_since(&mut before), "it has just begun");
        account.note_progress();
        assert!(!account.is_stalled_since(&mut before), "it gets on");
        assert!(account.is_stalled_since(&mut before));
    }

    #[test]
    fn a_peer_is_not_to_blame_while_a_handler_holds_a_stream_of_it_up() {
        let account = Account::new(100);
        account.waiting.store(1, Ordering::Relaxed);
        let mut before = None;
        assert!(account.held_up(std::future::ready(())).now_or_never().is_some());
        let mut held_up = Box::pin(account.held_up(std::future::pending::<()>()));
        assert!((&mut held_up).now_or_never().is_none());
        assert!((0..5).all(|_| !account.is_stalled_since(&mut before)));
        drop(held_up);
        assert!(!account.is_stalled_since(&mut before), "it may go on from here");
        assert!(account.is_stalled_since(&mut before));
    }
}
