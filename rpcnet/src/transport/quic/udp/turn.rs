//! How a task that has more to do lets the others run first.

use std::task::{Context, Poll};

/// The event loop goes round as long as anything is ready, without going back to the runtime. On a thread that also runs
/// handlers these would wait until the network is silent.
#[derive(Default)]
pub(super) struct Turn {
    is_over: bool,
}

impl Turn {
    /// Makes the next poll wait until the runtime has polled others.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.is_over) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}
