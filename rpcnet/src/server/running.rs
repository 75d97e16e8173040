//! A handler that did not answer at its first poll, run to one of its ends.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    dispatch::{HandlerFuture, deferred, panicked},
    router::{Route, Router},
};
use crate::{
    Context,
    proto::Status,
    service::{IncomingCall, Reply},
};

/// The future of a call's reply. Whichever comes first decides it: the handler's answer, its panic, the caller's
/// cancel, or the deadline; the last two drop the handler, unless its method says `no_cancel`.
pub(crate) struct Running {
    handler: Option<HandlerFuture>,
    context: Context,
    route: Arc<Route>,
    /// The handler has been polled. Until then, a call that nobody waits for any more is refused.
    started: bool,
    /// Made when the handler first has to wait: most never do.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Running {
    /// A handler that has not been polled.
    pub(crate) fn new(handler: HandlerFuture, context: Context, route: Arc<Route>) -> Self {
        Self { handler: Some(handler), context, route, started: false, deadline: None }
    }

    /// A handler that was not done at its first poll.
    pub(crate) fn started(handler: HandlerFuture, context: Context, route: Arc<Route>) -> Self {
        let mut running = Self::new(handler, context, route);
        running.started = true;
        running
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Why the call ends before its handler's next poll, if it does.
    fn poll_unwanted(&mut self, cx: &task::Context<'_>) -> Poll<Status> {
        if self.route.cancellable && self.context.poll_cancelled(cx).is_ready() {
            return Poll::Ready(if self.started { Status::Cancelled } else { Status::CancelledBeforeStart });
        }
        if !self.started && self.context.is_overdue() {
            return Poll::Ready(Status::Expired);
        }
        Poll::Pending
    }

    fn poll_handler(&mut self, cx: &mut task::Context<'_>) -> Poll<Reply> {
        let Some(handler) = &mut self.handler else {
            return Poll::Pending;
        };
        self.started = true;
        let start = Instant::now();
        let polled = catch_unwind(AssertUnwindSafe(|| self.context.enter(|| handler.as_mut().poll(cx))));
        self.route.pace.record(start.elapsed());
        match polled {
            Ok(polled) => polled,
            Err(_) => Poll::Ready(panicked(self.route.name)),
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
        let reply = if let Poll::Ready(status) = this.poll_unwanted(cx) {
            Reply::status(status, "")
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
        self.context.forget_waiting();
    }
}

/// A handler on a task of its own. Dropped before its reply, it cancels the call; a handler that must not be cancelled
/// runs on.
pub(crate) struct HandlerTask<R = Reply> {
    task: JoinHandle<R>,
    context: Context,
}

impl<R: Send + 'static> HandlerTask<R> {
    /// Starts the call's handler on `runtime`. When it has stopped, its reply goes through `then`.
    pub(crate) fn spawn(
        runtime: &Handle,
        router: &Router,
        route: &Arc<Route>,
        call: IncomingCall,
        context: Context,
        then: impl FnOnce(Reply) -> R + Send + 'static,
    ) -> Self {
        let handler = deferred(router.dispatcher(route.service), call);
        let running = Running::new(handler, context.clone(), Arc::clone(route));
        let task = runtime.spawn(async move {
            running.context().begin();
            let reply = running.await;
            then(reply)
        });
        Self { task, context }
    }

    /// Tells the handler that its answer is no longer wanted.
    pub(crate) fn cancel(&self) {
        self.context.cancel();
    }
}

impl HandlerTask {
    /// Starts the call's handler on `runtime`. What is in `kept` is dropped when the handler has stopped.
    pub(crate) fn spawn_keeping<K: Send + 'static>(
        runtime: &Handle,
        router: &Router,
        route: &Arc<Route>,
        call: IncomingCall,
        context: Context,
        kept: K,
    ) -> Self {
        Self::spawn(runtime, router, route, call, context, move |reply| {
            drop(kept);
            reply
        })
    }

    /// Waits for the handler's end.
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again.
    pub(crate) async fn reply(&mut self) -> Reply {
        let ended = (&mut self.task).await;
        ended.unwrap_or_else(|_| Reply::dropped(self.context.has_begun()))
    }
}

impl<R> Drop for HandlerTask<R> {
    fn drop(&mut self) {
        self.context.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Wake, Waker};

    use super::*;
    use crate::{Metadata, Shape, server::pace::Pace};

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_call_that_is_over_lets_go_of_the_task_that_ran_it_though_its_context_is_kept() {
        let route = Route {
            service: 0,
            name: "",
            id: 0,
            cancellable: true,
            shape: Shape::Unary,
            raw: true,
            pace: Pace::default(),
        };
        let context = Context::new("", None, None, Metadata::default());
        let handler = Box::pin(std::future::ready(Reply::status(Status::Ok, "")));
        let mut running = Running::new(handler, context.clone(), Arc::new(route));
        let task = Arc::new(Task);
        let waker = Waker::from(Arc::clone(&task));
        assert!(Pin::new(&mut running).poll(&mut task::Context::from_waker(&waker)).is_ready());
        drop((running, waker));
        assert_eq!(Arc::strong_count(&task), 1);
        drop(context);
    }
}
