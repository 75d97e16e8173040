//! The client: calls over one connection at a time, and another one when that is lost.

mod backoff;
mod connection;
mod dial;
mod direct;
mod driver;
mod gate;
mod hearing;
mod lane;
mod lanes;
mod link;
mod pending;
mod race;
mod refusal;
mod resend;
mod sent;
mod state;
mod streaming;
mod supervisor;
mod watch;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
pub(crate) use connection::ConnectionGuard;
pub use direct::{DirectConnection, StreamTurn, Turn};
pub use hearing::Listener;
pub(crate) use pending::{answer_of, deadline_exceeded};
pub use sent::SentCall;
pub use state::{ConnectionState, ConnectionWatch};
use tokio::{task::AbortHandle, time::Instant};

use crate::{
    ClientConfig, Executed, RpcError, Target,
    channel::{Answer, Channel, Encode, Outgoing, OutgoingStream, Raw},
    method::method_id,
    proto::Status,
    streaming::{RequestSink, ResponseReceiver},
};
use connection::Connection;
use hearing::Hearing;
use lane::dropped;
use link::{Link, State};
use resend::Resend;
use supervisor::Supervisor;

/// A server as its callers see it. Cheap to clone, and every clone calls over the same connection, as many calls at once
/// as there are.
///
/// Typed clients hold one: [`GreetingClient::connect`](crate::service) makes it, and `GreetingClient::new(client)`
/// shares it among the clients of several services. By itself it makes raw calls.
///
/// # When the connection is lost
///
/// The client makes another one in the background: at once (or, without [keep-alive](crate::ClientConfigBuilder::with_keep_alive_interval),
/// when a call needs it), and after a failure again and again, with
/// [pauses](crate::ClientConfigBuilder::with_reconnect_backoff) that grow. The host's name is resolved anew each time. What
/// becomes of calls:
///
/// - Those that were never sent, or that the server refused because it is going away, are sent over the next connection, as
///   long as their deadline allows. Those with a stream of requests are not, once some of it may have been taken.
/// - Those that were sent and got no answer fail with [`Executed::Maybe`](crate::Executed::Maybe). Those of `idempotent` methods are
///   sent again instead, twice at most.
/// - New ones wait for the next connection until an attempt fails: of a server that does not run until the [connect
///   timeout](crate::ClientConfigBuilder::with_connect_timeout) has passed, as it may just be starting again. From then on they
///   fail at once with the attempt's error and [`Executed::No`](crate::Executed::No), so that a caller can turn elsewhere, until a connection is there again; or they wait, if the
///   client was [told to](crate::ClientConfigBuilder::with_wait_for_ready).
///
/// A server that [shuts down](crate::Server::shutdown) tells its clients before: their calls in flight end on the old connection
/// while new ones go over the next.
///
/// The connection is closed when the last clone is dropped and the last call has ended.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    link: Arc<Link>,
    config: ClientConfig,
    supervisor: AbortHandle,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.supervisor.abort();
        // Not left to the task: its runtime may be gone, or busy.
        self.link.set(State::Over(dropped()));
    }
}

impl Client {
    /// Connects to a server, by host name or address, and waits for its hello.
    ///
    /// The tasks of the connection run on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tls`](crate::ErrorKind::Tls) if the peers do not trust each other,
    /// [`ErrorKind::Connection`](crate::ErrorKind::Connection) if the server can't be reached,
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for a target that makes no sense. Each says what to
    /// look at.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the attempt is given up.
    pub async fn connect(target: impl Into<Target>, config: ClientConfig) -> Result<Self, RpcError> {
        let target = target.into();
        let connection = dial::dial(&target, &config, &Hearing::default()).await?;
        let link = Arc::new(Link::new(Arc::clone(&connection), config.settings().wait_for_ready));
        let supervisor = Supervisor::new(Arc::clone(&link), target, config.clone());
        let supervisor = tokio::spawn(supervisor.run(connection)).abort_handle();
        Ok(Self { shared: Arc::new(Shared { link, config, supervisor }) })
    }

    /// Calls the method `name` with raw bytes, and returns the bytes that it answers.
    ///
    /// The deadline is that of the client's configuration, or what is left of the deadline of the handler that calls.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Application`](crate::ErrorKind::Application) with the handler's own error in [`RpcError::body`]; all other kinds say by
    /// [`RpcError::executed`] whether the handler may have run.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the call is cancelled on the server. Dropped before it was sent, it is withdrawn: no handler ever sees
    /// it, though its bytes may still travel, marked as void.
    ///
    /// ```no_run
    /// # async fn example(client: rpcnet::Client) -> Result<(), rpcnet::RpcError> {
    /// let reply = client.call("reverse", "abc").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call(&self, name: &str, message: impl Into<Bytes>) -> Result<Bytes, RpcError> {
        self.call_within(name, message, self.default_deadline()).await
    }

    /// The same with a deadline of its own: at most 30 days, and what is longer counts as that.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`].
    pub async fn call_within(
        &self,
        name: &str,
        message: impl Into<Bytes>,
        deadline: Duration,
    ) -> Result<Bytes, RpcError> {
        let answer = async {
            let call = Outgoing::new(method_id(name), deadline, None)?;
            self.unary(&call, Raw(message.into())).await
        };
        let answer = answer.await.and_then(Answer::into_result);
        answer.map_err(|error| error.in_call(name.to_owned()))
    }

    /// The server's address, or that of the last connection while there is none.
    pub fn remote_addr(&self) -> SocketAddr {
        self.shared.link.remote_addr()
    }

    /// Why there is no connection at the moment, or `None` while there is one.
    pub fn closed(&self) -> Option<RpcError> {
        match self.shared.link.state() {
            State::Up(connection) => connection.closed(),
            State::Connecting(error) | State::Down(error) | State::Over(error) => Some(error),
        }
    }

    /// Whether there is a connection at the moment.
    pub fn is_connected(&self) -> bool {
        self.closed().is_none()
    }

    /// Whether there is a connection, and if not, what is being done about it.
    pub fn connection_state(&self) -> ConnectionState {
        (&self.shared.link.state()).into()
    }

    /// Follows the connection's state.
    pub fn watch_connection(&self) -> ConnectionWatch {
        ConnectionWatch::new(self.shared.link.watch())
    }
}

impl Channel for Client {
    async fn unary(&self, call: &Outgoing, mut request: impl Encode + Send) -> Result<Answer, RpcError> {
        // As long as nothing has waited, the call was made just now: that saves a look at the clock.
        let (mut connection, mut now) = match self.shared.link.current() {
            Some(connection) => (connection, Some(call.made)),
            None => (self.shared.link.connection(call.deadline).await?, None),
        };
        let mut resend = Resend::new(call.idempotent);
        loop {
            let error = match attempt(&connection, call, &mut request, now.take()).await {
                Ok(Answer { status: Status::Draining, message, .. }) => {
                    // Its go-away may still be on its way.
                    connection.leave();
                    RpcError::from_status(Status::Draining, message.into_bytes())
                }
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !connection.gate().is_shut() || !resend.again(&error) {
                return Err(resend.failure(error));
            }
            let next = self.shared.link.connection_after(&connection, call.deadline).await;
            connection = next.map_err(|error| resend.failure(error))?;
        }
    }

    async fn streaming(
        &self,
        call: &mut OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        let link = &self.shared.link;
        let mut connection = link.connection(call.begins_by).await?;
        loop {
            match connection.open_streaming(call, first).await {
                // Nothing was sent yet.
                Err(error) if error.executed() == Executed::No && connection.gate().is_shut() => {
                    connection = link.connection_after(&connection, call.begins_by).await?;
                }
                opened => return opened,
            }
        }
    }

    fn default_deadline(&self) -> Duration {
        self.shared.config.settings().deadline
    }
}

/// Makes the call over one connection.
async fn attempt(
    connection: &Connection,
    call: &Outgoing,
    request: &mut (impl Encode + Send),
    now: Option<Instant>,
) -> Result<Answer, RpcError> {
    let (reservation, now) = match connection.gate().try_enter() {
        Some(reservation) => (reservation, now),
        None => (connection.reserve_by(call.deadline).await?, None),
    };
    let sent = connection.send(reservation, call, request, now.unwrap_or_else(Instant::now), None).await?;
    sent.await
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("remote_addr", &self.remote_addr())
            .field("closed", &self.closed())
            .finish_non_exhaustive()
    }
}

// What typed clients rely on.
const _: () = {
    const fn is_shared_between_threads<T: Send + Sync>() {}
    is_shared_between_threads::<Client>();
};
