//! What a handler can ask about the call that it serves.

use std::{
    cell::RefCell,
    fmt,
    future::Future,
    mem,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task,
    time::Duration,
};

use bytes::Bytes;
use futures::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{Metadata, RpcError};

/// The call that the current handler serves: its deadline, whether it was cancelled, who called.
///
/// A handler finds its context with [`Context::current`], anywhere below it on the same task. Calls that it makes
/// inherit the deadline: they get the shorter of what is left of it and their own. They inherit the [`Metadata`], too.
/// [`Context::scope`] takes all that along to other tasks, and [`Context::detached`] leaves it behind.
///
/// ```
/// use rpcnet::Context;
///
/// /// A handler that computes can't be dropped at an await, so it asks now and then.
/// fn count_primes(below: u64) -> Option<usize> {
///     let context = Context::current();
///     let mut primes = 0;
///     for candidate in 2..below {
///         if candidate % 1024 == 0 && context.as_ref().is_some_and(Context::is_cancelled) {
///             return None;
///         }
///         primes += usize::from((2..candidate).take_while(|d| d * d <= candidate).all(|d| candidate % d != 0));
///     }
///     Some(primes)
/// }
/// # assert_eq!(count_primes(100), Some(25));
/// ```
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    method: &'static str,
    deadline: Option<Instant>,
    peer: Option<SocketAddr>,
    metadata: Metadata,
    /// Metadata for the caller, and whether there is any.
    answer: Mutex<Metadata>,
    has_answer: AtomicBool,
    cancelled: AtomicBool,
    cancel_waker: AtomicWaker,
    /// The handler's task has run; for calls that have a stream of their own.
    begun: AtomicBool,
}

impl Inner {
    fn renew(&mut self, method: &'static str, deadline: Option<Instant>, metadata: Metadata) {
        self.method = method;
        self.deadline = deadline;
        self.metadata = metadata;
        // Only a handler that panicked leaves some behind.
        if mem::take(self.has_answer.get_mut()) {
            *self.answer.get_mut() = Metadata::default();
        }
        *self.cancelled.get_mut() = false;
    }
}

impl Context {
    /// The context of the handler that is running, or `None` outside of one.
    ///
    /// It follows the handler's own task. What the handler spawns does not see it, unless it is taken along by
    /// [`Context::scope`].
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// The method that was called, as it is named on the wire.
    pub fn method(&self) -> &'static str {
        self.inner.method
    }

    /// When the caller stops waiting; `None` if it waits for ever.
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.inner.deadline.map(Instant::into_std)
    }

    /// How long the caller still waits: zero once the deadline has passed, `None` if it waits for ever.
    pub fn time_left(&self) -> Option<Duration> {
        self.inner.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether the answer is no longer wanted: the caller went away, or the deadline passed.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancelled.load(Ordering::Acquire) || self.is_overdue()
    }

    /// The address that the call came from; `None` for an in-process call.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.inner.peer
    }

    /// What the caller sent along; the calls that this handler makes carry it on.
    pub fn metadata(&self) -> &Metadata {
        &self.inner.metadata
    }

    /// Sends `value` along with the answer, as [`AnswerMetadata`](crate::AnswerMetadata) has it. A handler that answers with a stream
    /// does so before it returns the stream.
    ///
    /// # Errors
    ///
    /// As for [`Metadata::insert`].
    pub fn answer_with(&self, name: impl Into<String>, value: impl Into<Bytes>) -> Result<(), RpcError> {
        self.inner.answer.lock().insert(name, value)?;
        self.inner.has_answer.store(true, Ordering::Release);
        Ok(())
    }

    /// Runs `future` as a part of this call: for what a handler spawns.
    ///
    /// The calls that it makes inherit the deadline and the metadata, and [`Context::current`] finds this context in it. It is
    /// not dropped when the call ends.
    ///
    /// ```
    /// use rpcnet::Context;
    ///
    /// # async fn refresh_cache() {}
    /// # async fn handler() {
    /// if let Some(context) = Context::current() {
    ///     tokio::spawn(context.scope(refresh_cache()));
    /// }
    /// # }
    /// ```
    pub fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped { context: Some(self.clone()), future }
    }

    /// Runs `future` as a part of no call: the calls that it makes inherit nothing.
    ///
    /// For what must go on though the caller has no time left, such as giving back what was taken.
    pub fn detached<F: Future>(future: F) -> Scoped<F> {
        Scoped { context: None, future }
    }

    pub(crate) fn new(
        method: &'static str,
        deadline: Option<Instant>,
        peer: Option<SocketAddr>,
        metadata: Metadata,
    ) -> Self {
        let (answer, has_answer) = (Mutex::default(), AtomicBool::new(false));
        let (cancelled, cancel_waker, begun) = (AtomicBool::new(false), AtomicWaker::new(), AtomicBool::new(false));
        let inner = Inner { method, deadline, peer, metadata, answer, has_answer, cancelled, cancel_waker, begun };
        Self { inner: Arc::new(inner) }
    }

    /// The handler's task runs.
    pub(crate) fn begin(&self) {
        self.inner.begun.store(true, Ordering::Release);
    }

    /// Whether it ever has.
    pub(crate) fn has_begun(&self) -> bool {
        self.inner.begun.load(Ordering::Acquire)
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_overdue(&self) -> bool {
        self.time_left() == Some(Duration::ZERO)
    }

    pub(crate) fn deadline_instant(&self) -> Option<Instant> {
        self.inner.deadline
    }

    /// Tells the handler that its answer is no longer wanted.
    pub(crate) fn cancel(&self) {
        self.inner.cancelled.store(true, Ordering::Release);
        self.inner.cancel_waker.wake();
    }

    /// Ready once [`Context::cancel`] was called. One task at a time may wait.
    pub(crate) fn poll_cancelled(&self, cx: &task::Context<'_>) -> task::Poll<()> {
        self.inner.cancel_waker.register(cx.waker());
        if self.inner.cancelled.load(Ordering::Acquire) { task::Poll::Ready(()) } else { task::Poll::Pending }
    }

    /// Lets go of the task that waited last. Its waker would keep all of its memory.
    pub(crate) fn forget_waiting(&self) {
        drop(self.inner.cancel_waker.take());
    }

    /// Takes what the handler that is running left for its caller.
    pub(crate) fn take_answer_metadata() -> Option<Box<Metadata>> {
        CURRENT.with_borrow(|current| {
            let inner = &current.as_ref()?.inner;
            let left = inner.has_answer.load(Ordering::Acquire) && inner.has_answer.swap(false, Ordering::AcqRel);
            left.then(|| Box::new(mem::take(&mut *inner.answer.lock())))
        })
    }

    /// The metadata for a call of one's own `metadata`: over that of the handler that is running, if there is one.
    pub(crate) fn metadata_for_call(own: Option<Metadata>) -> Result<Metadata, RpcError> {
        let own = own.unwrap_or_default();
        CURRENT.with_borrow(|current| match current {
            Some(context) => own.over(&context.inner.metadata),
            None => Ok(own),
        })
    }

    /// Runs `scope` with this as the current context.
    pub(crate) fn enter<T>(&self, scope: impl FnOnce() -> T) -> T {
        enter(&mut Some(self.clone()), scope)
    }

    /// The deadline of the handler that is running, if there is one.
    pub(crate) fn inherited_deadline() -> Option<Instant> {
        CURRENT.with_borrow(|current| current.as_ref().and_then(|context| context.inner.deadline))
    }
}

/// Runs `scope` within `context`, which lies elsewhere meanwhile and is back when this returns or unwinds.
fn enter<T>(context: &mut Option<Context>, scope: impl FnOnce() -> T) -> T {
    struct Swapped<'a>(&'a mut Option<Context>);
    impl Drop for Swapped<'_> {
        fn drop(&mut self) {
            CURRENT.with_borrow_mut(|current| mem::swap(current, self.0));
        }
    }
    CURRENT.with_borrow_mut(|current| mem::swap(current, context));
    let _swapped = Swapped(context);
    scope()
}

/// The context of calls that are answered at once: made once and renewed for each, unless one has kept it.
pub(crate) struct Renewed {
    /// Empty only while a scope has it.
    context: Option<Context>,
    peer: Option<SocketAddr>,
}

impl Renewed {
    pub(crate) fn new(peer: Option<SocketAddr>) -> Self {
        Self { context: None, peer }
    }

    /// Makes it the context of another call.
    pub(crate) fn renew(&mut self, method: &'static str, deadline: Option<Instant>, metadata: Metadata) {
        match self.context.as_mut().and_then(|context| Arc::get_mut(&mut context.inner)) {
            Some(inner) => inner.renew(method, deadline, metadata),
            None => self.context = Some(Context::new(method, deadline, self.peer, metadata)),
        }
    }

    /// [`Context::enter`] without counting the handles.
    pub(crate) fn enter<T>(&mut self, scope: impl FnOnce() -> T) -> T {
        enter(&mut self.context, scope)
    }

    /// The context for a call that goes on elsewhere.
    pub(crate) fn share(&mut self) -> Context {
        self.context.get_or_insert_with(|| Context::new("", None, self.peer, Metadata::default())).clone()
    }
}

pin_project_lite::pin_project! {
    /// A future that runs in a call's context, or in none: see [`Context::scope`] and [`Context::detached`].
    #[must_use = "futures do nothing unless they are awaited or spawned"]
    pub struct Scoped<F> {
        context: Option<Context>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let this = self.project();
        enter(this.context, || this.future.poll(cx))
    }
}

impl<F> fmt::Debug for Scoped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("context", &self.context).finish_non_exhaustive()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("method", &self.inner.method)
            .field("time_left", &self.time_left())
            .field("cancelled", &self.is_cancelled())
            .field("peer_addr", &self.inner.peer)
            .finish()
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Context>> = const { RefCell::new(None) };
}
