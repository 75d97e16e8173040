//! A handler that did not answer at its first poll, run to one of its ends.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Instant,
};

use tokio::time::{Sleep, sleep_until};

use super::{
    dispatch::{HandlerFuture, panicked},
    router::Route,
};
use crate::{Context, proto::Status, service::Reply};

/// The future of a call's reply. Whichever comes first decides it: the handler's answer, its panic, the caller's
/// cancel, or the deadline; the last two drop the handler, unless its method says `no_cancel`.
pub(crate) struct Running {
    handler: Option<HandlerFuture>,
    context: Context,
    route: Arc<Route>,
    /// Made when the handler first has to wait: most never do.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Running {
    pub(crate) fn new(handler: HandlerFuture, context: Context, route: Arc<Route>) -> Self {
        Self { handler: Some(handler), context, route, deadline: None }
    }

    fn poll_handler(&mut self, cx: &mut task::Context<'_>) -> Poll<Reply> {
        let Some(handler) = &mut self.handler else {
            return Poll::Pending;
        };
        let start = Instant::now();
        let polled = catch_unwind(AssertUnwindSafe(|| self.context.enter(|| handler.as_mut().poll(cx))));
        self.route.pace.record(start.elapsed());
        match polled {
            Ok(polled) => polled,
            Err(_) => Poll::Ready(panicked()),
        }
    }

    fn poll_deadline(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Some(deadline) = self.context.deadline_instant() else {
            return Poll::Pending;
        };
        self.deadline.get_or_insert_with(|| Box::pin(sleep_until(deadline))).as_mut().poll(cx)
    }

    /// Drops the handler, whose own destructors may panic.
    fn drop_handler(&mut self) {
        let handler = self.handler.take();
        // There is nobody left to tell: the call has its answer.
        let _ = catch_unwind(AssertUnwindSafe(|| self.context.enter(|| drop(handler))));
    }
}

impl Future for Running {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Reply> {
        let this = &mut *self;
        let reply = if this.route.cancellable && this.context.poll_cancelled(cx).is_ready() {
            Reply::status(Status::Cancelled, "")
        } else if let Poll::Ready(reply) = this.poll_handler(cx) {
            reply
        } else if this.route.cancellable && this.poll_deadline(cx).is_ready() {
            Reply::status(Status::DeadlineExceeded, "")
        } else {
            return Poll::Pending;
        };
        this.drop_handler();
        Poll::Ready(reply)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.drop_handler();
    }
}
