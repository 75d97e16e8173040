//! What the parts of a server, and of one of its connections, have in common.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::{
    budget::{Account, Budget, Charge},
    hooks::Hooks,
    life::Life,
    router::{Route, Router},
};
use crate::{
    ErrorKind, Executed, Metadata, RpcError, ServerConfig, Shape,
    proto::{CloseCode, Hello, LANES_MAX, ProtocolError, RequestHead, Status},
    transport::quic,
};

/// One for a server.
pub(crate) struct ServerShared {
    pub(crate) config: ServerConfig,
    pub(crate) router: Router,
    pub(crate) life: Life,
    pub(super) hooks: Hooks,
    pub(crate) budget: Budget,
    /// The runtime that the server was started on: handlers that take their time run there, and what any handler
    /// spawns lands there, never on an IO thread.
    pub(crate) application: tokio::runtime::Handle,
    /// Threads of that runtime.
    threads: usize,
    calls: AtomicUsize,
    /// Those of them whose handlers compute, so that each takes a thread or waits for one.
    computing: AtomicUsize,
}

/// One for a connection.
pub(crate) struct ConnectionShared {
    pub(crate) server: Arc<ServerShared>,
    pub(crate) handle: quic::Handle,
    pub(crate) peer: SocketAddr,
    /// The client's hello, once it has arrived.
    pub(crate) hello: OnceLock<Hello>,
    pub(crate) account: Account,
    lanes: AtomicUsize,
    calls: AtomicUsize,
}

/// One call's share of the limits, given back when it is dropped.
pub(crate) struct CallPermit(Charge);

impl CallPermit {
    /// The bytes that are held for the call.
    pub(crate) fn charge(&mut self) -> &mut Charge {
        &mut self.0
    }
}

impl ServerShared {
    pub(crate) fn new(config: ServerConfig, router: Router, application: tokio::runtime::Handle) -> Self {
        let budget = Budget::new(config.settings().limits.buffer_bytes_max());
        let threads = application.metrics().num_workers();
        let (calls, computing) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self {
            config,
            router,
            life: Life::new(),
            hooks: Hooks::default(),
            budget,
            application,
            threads,
            calls,
            computing,
        }
    }

    /// Whether another connection would be one too many.
    pub(crate) fn is_full(&self) -> bool {
        self.life.connections() >= self.config.settings().limits.connections_max
    }

    /// Counts a handler that computes, until the guard is dropped.
    pub(crate) fn compute(self: &Arc<Self>) -> Computing {
        self.computing.fetch_add(1, Ordering::Relaxed);
        Computing(Arc::clone(self))
    }

    /// Calls whose handlers are running on tasks of their own.
    pub(crate) fn calls_in_flight(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A handler that computes and has not stopped.
pub(crate) struct Computing(Arc<ServerShared>);

impl Computing {
    /// The handler has stopped. Returns how many others wait for the thread that it leaves.
    pub(crate) fn stop(self) -> usize {
        let server = Arc::clone(&self.0);
        drop(self);
        server.computing.load(Ordering::Relaxed).saturating_sub(server.threads)
    }
}

impl Drop for Computing {
    fn drop(&mut self) {
        self.0.computing.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ConnectionShared {
    pub(crate) fn new(server: Arc<ServerShared>, handle: quic::Handle, peer: SocketAddr) -> Self {
        let account = Account::new(server.config.settings().limits.buffer_bytes_per_connection_max());
        Self {
            server,
            handle,
            peer,
            hello: OnceLock::new(),
            account,
            lanes: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
        }
    }

    /// Whether another call would be one too many.
    ///
    /// A call that is answered at once is never counted, so it costs these loads and no more. IO threads that ask
    /// at the same time may exceed the server's limit by one call each.
    fn is_overloaded(&self) -> bool {
        let limits = &self.server.config.settings().limits;
        self.calls.load(Ordering::Relaxed) >= limits.calls_per_connection_max as usize
            || self.server.calls.load(Ordering::Relaxed) >= limits.calls_max
            || self.account.is_half_spent()
            || self.server.budget.is_half_spent()
    }

    /// The route of a request and its metadata, or why it is refused.
    pub(crate) fn admit_request(&self, head: &RequestHead) -> Result<(&Arc<Route>, Metadata), Status> {
        if self.server.life.is_draining() {
            return Err(Status::Draining);
        }
        let route = self.server.router.route(head.method_id).ok_or(Status::UnknownMethod)?;
        if head.fields.unknown_critical.is_some() {
            return Err(Status::Unsupported);
        }
        if self.is_overloaded() {
            return Err(Status::Overloaded);
        }
        let metadata = match head.fields.metadata.is_empty() {
            true => Metadata::default(),
            false => Metadata::decode(head.fields.metadata.clone()).ok_or(Status::MalformedRequest)?,
        };
        Ok((route, metadata))
    }

    /// The same for a request that does not stream.
    pub(crate) fn admit_unary(&self, head: &RequestHead) -> Result<(&Arc<Route>, Metadata), Status> {
        let admitted = self.admit_request(head)?;
        if admitted.0.shape == Shape::Unary { Ok(admitted) } else { Err(Status::MalformedRequest) }
    }

    /// Counts a call that was not answered at once, until the permit is dropped.
    pub(crate) fn admit(self: &Arc<Self>) -> CallPermit {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.server.calls.fetch_add(1, Ordering::Relaxed);
        CallPermit(Charge::new(Arc::clone(self)))
    }

    /// Waits for what a client says first on a stream that it has opened, for no longer than it may leave it as it is; then the
    /// client is thrown out. It is not counted as held, since it is no more than a head, for as short as that.
    pub(crate) async fn in_time<T>(&self, first: impl Future<Output = Result<T, RpcError>>) -> Result<T, RpcError> {
        match timeout(self.server.config.settings().limits.stall_timeout, first).await {
            Ok(read) => read,
            Err(_) => {
                self.close(CloseCode::Unread);
                Err(RpcError::new(ErrorKind::Stream, Executed::No, "nothing came on a stream that was opened"))
            }
        }
    }

    /// Counts a lane until the guard is dropped. What the transport has taken of its answers is bounded for each lane, so
    /// there must not be too many of them.
    pub(crate) fn open_lane(&self) -> Result<OpenLane<'_>, ProtocolError> {
        let lane = OpenLane(self);
        if self.lanes.fetch_add(1, Ordering::Relaxed) < LANES_MAX { Ok(lane) } else { Err(ProtocolError::TooManyLanes) }
    }

    /// Whether the client would like to hear of the server's load.
    pub(crate) fn wishes_load(&self) -> bool {
        self.hello.get().is_some_and(Hello::wishes_load)
    }

    /// Calls of other connections that the server has under way. The counts change while they are read, so it is a little off.
    pub(crate) fn calls_of_others(&self) -> u32 {
        let (all, own) = (self.server.calls.load(Ordering::Relaxed), self.calls.load(Ordering::Relaxed));
        u32::try_from(all.saturating_sub(own)).unwrap_or(u32::MAX)
    }

    /// Closes the connection; its tasks find out.
    pub(crate) fn close(&self, code: CloseCode) {
        quic::close(&self.handle, code);
    }

    /// The largest answer that both sides allow.
    pub(crate) fn response_bytes_max(&self) -> usize {
        let client = self.hello.get().map_or(u64::MAX, |hello| hello.message_bytes_max);
        usize::try_from(client).unwrap_or(usize::MAX).min(self.server.config.settings().limits.message_bytes_max)
    }
}

/// A lane of a connection.
pub(crate) struct OpenLane<'a>(&'a ConnectionShared);

impl Drop for OpenLane<'_> {
    fn drop(&mut self) {
        self.0.lanes.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When the caller of a request that has just arrived stops waiting.
pub(crate) fn deadline_of(head: &RequestHead, now: Instant) -> Option<Instant> {
    (head.time_left_ms != 0).then(|| now + Duration::from_millis(u64::from(head.time_left_ms)))
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        let connection = &self.0.connection;
        connection.calls.fetch_sub(1, Ordering::Relaxed);
        // In one order with what `Life::wait_for` does: either that sees this end, or this sees that somebody waits.
        if connection.server.calls.fetch_sub(1, Ordering::SeqCst) == 1 {
            connection.server.life.tell_ended();
        }
    }
}
