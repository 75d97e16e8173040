//! What a handler can ask about the call that it serves.

use std::{
    cell::RefCell,
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task,
    time::Duration,
};

use futures::task::AtomicWaker;
use tokio::time::Instant;

/// The call that the current handler serves: its deadline, whether it was cancelled, who called.
///
/// A handler finds its context with [`Context::current`], anywhere below it on the same task. Calls that it makes
/// inherit the deadline: they get the shorter of what is left of it and their own.
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
    cancelled: AtomicBool,
    cancel_waker: AtomicWaker,
}

impl Context {
    /// The context of the handler that is running, or `None` outside of one.
    ///
    /// It follows the handler's own task. What the handler spawns does not see it: take it along as a value.
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

    pub(crate) fn new(method: &'static str, deadline: Option<Instant>, peer: Option<SocketAddr>) -> Self {
        let (cancelled, cancel_waker) = (AtomicBool::new(false), AtomicWaker::new());
        Self { inner: Arc::new(Inner { method, deadline, peer, cancelled, cancel_waker }) }
    }

    /// Makes this the context of a new call, in place if nobody else holds the old one.
    pub(crate) fn renew(&mut self, method: &'static str, deadline: Option<Instant>) {
        match Arc::get_mut(&mut self.inner) {
            Some(inner) => {
                inner.method = method;
                inner.deadline = deadline;
                *inner.cancelled.get_mut() = false;
            }
            None => *self = Self::new(method, deadline, self.inner.peer),
        }
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

    /// Runs `scope` with this as the current context.
    pub(crate) fn enter<T>(&self, scope: impl FnOnce() -> T) -> T {
        struct Restore(Option<Context>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(Some(self.clone())));
        scope()
    }

    /// The deadline of the handler that is running, if there is one.
    pub(crate) fn inherited_deadline() -> Option<Instant> {
        CURRENT.with_borrow(|current| current.as_ref().and_then(|context| context.inner.deadline))
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
