//! The client: calls over one connection.

mod connection;
mod dial;
mod driver;
mod lane;
mod pending;
mod streaming;

use std::{fmt, future::poll_fn, net::SocketAddr, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
pub(crate) use connection::ConnectionGuard;
pub(crate) use pending::{answer_of, deadline_exceeded};

use crate::{
    ClientConfig, RpcError, Target,
    channel::{Answer, Channel, Encode, Outgoing, OutgoingStream, inherited},
    codec::unpinned,
    method::method_id,
    proto::Status,
    streaming::{RequestSink, ResponseReceiver},
};
use connection::{Connection, Sent};

/// A connection to a server. Cheap to clone, and every clone calls over the same connection, as many calls at once
/// as there are.
///
/// Typed clients hold one: [`GreetingClient::connect`](crate::service) makes it, and `GreetingClient::new(client)`
/// shares it among the clients of several services. By itself it makes raw calls.
///
/// The connection is closed when the last clone is dropped and the last call has ended.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    connection: Arc<Connection>,
    config: ClientConfig,
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
        let connection = dial::dial(&target.into(), &config).await?;
        Ok(Self { shared: Arc::new(Shared { connection, config }) })
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
    /// Dropped before its end, the call is cancelled on the server; dropped before it was sent, it is never sent.
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

    /// The same with a deadline of its own.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    pub async fn call_within(
        &self,
        name: &str,
        message: impl Into<Bytes>,
        deadline: Duration,
    ) -> Result<Bytes, RpcError> {
        let call = Outgoing { method_id: method_id(name), deadline: inherited(deadline) };
        let answer = self.unary(call, Raw(message.into())).await;
        let answer = answer.and_then(|answer| match answer.status {
            // What a caller keeps must not pin the packet buffer that it is a slice of.
            Status::Ok => Ok(unpinned(answer.message)),
            status => Err(RpcError::from_status(status, unpinned(answer.message))),
        });
        answer.map_err(|error| error.in_call(name.to_owned()))
    }

    /// The server's address.
    pub fn remote_addr(&self) -> SocketAddr {
        self.shared.connection.remote_addr()
    }

    /// Why the connection is no more, or `None` while it lives.
    pub fn closed(&self) -> Option<RpcError> {
        self.shared.connection.closed()
    }
}

impl Channel for Client {
    async fn unary(&self, call: Outgoing, mut request: impl Encode + Send) -> Result<Answer, RpcError> {
        let connection = &self.shared.connection;
        let mut reservation = Some(connection.reserve(call).await?);
        // Encoded and sent in one poll, so that the buffer goes straight back to its thread.
        let request = &mut request;
        let sent = poll_fn(move |cx| match reservation.take() {
            Some(reservation) => Poll::Ready(connection.send(reservation, call, &*request, cx.waker())),
            None => Poll::Pending,
        });
        let (status, message) = match sent.await? {
            Sent::OnLane(call) => call.await?,
            Sent::TooLarge(message, _reservation) => connection.call_large(call, message).await?,
        };
        Ok(Answer { status, message })
    }

    async fn streaming(
        &self,
        call: OutgoingStream,
        first: Option<Vec<u8>>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        self.shared.connection.open_streaming(call, first.as_deref()).await
    }

    fn default_deadline(&self) -> Duration {
        self.shared.config.settings().deadline
    }
}

/// Raw bytes are encoded already.
struct Raw(Bytes);

impl Encode for Raw {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RpcError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
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
