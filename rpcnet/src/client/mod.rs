//! The client: calls over one connection.

mod connection;
mod dial;
mod driver;
mod lane;
mod pending;

use std::{fmt, future::poll_fn, net::SocketAddr, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
use tokio::time::timeout_at;

pub(crate) use pending::deadline_exceeded;

use crate::{
    ClientConfig, ErrorKind, Executed, RpcError, Target,
    channel::{Answer, Channel, Encode, Outgoing, inherited, too_late},
    codec::Scratch,
    method::method_id,
    proto::{LANE_MESSAGE_BYTES_MAX, Status},
};
use connection::Connection;
use lane::{PendingCall, Request};

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
    remote_addr: SocketAddr,
}

impl Client {
    /// Connects to a server, by host name or address, and waits for its hello.
    ///
    /// The tasks of the connection run on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tls`] if the peers do not trust each other, [`ErrorKind::Connection`] if the server can't be
    /// reached, [`ErrorKind::Configuration`] for a target that makes no sense. Each says what to look at.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the attempt is given up.
    pub async fn connect(target: impl Into<Target>, config: ClientConfig) -> Result<Self, RpcError> {
        let dialed = dial::dial(&target.into(), &config).await?;
        let remote_addr = dialed.remote_addr()?;
        let connection = Connection::open(dialed, config.settings().message_bytes_max).await?;
        Ok(Self { shared: Arc::new(Shared { connection, config, remote_addr }) })
    }

    /// Calls the method `name` with raw bytes, and returns the bytes that it answers.
    ///
    /// The deadline is that of the client's configuration, or what is left of the deadline of the handler that calls.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Application`] with the handler's own error in [`RpcError::body`]; all other kinds say by
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
        self.shared.remote_addr
    }

    /// Why the connection is no more, or `None` while it lives.
    pub fn closed(&self) -> Option<RpcError> {
        self.shared.connection.lane.closed()
    }
}

impl Channel for Client {
    async fn unary(&self, call: Outgoing, mut request: impl Encode + Send) -> Result<Answer, RpcError> {
        let connection = &self.shared.connection;
        loop {
            // Encoded and sent in one poll, so that the buffer goes straight back to its thread.
            let request = &mut request;
            let sent = poll_fn(move |cx| Poll::Ready(connection.send(call, &*request, cx.waker()))).await?;
            return match sent {
                Sent::OnLane(call) => call.await.map(|(status, message)| Answer { status, message }),
                Sent::TooLarge(message) => connection.call_on_stream(call, message).await,
                Sent::NoRoom => {
                    timeout_at(call.deadline, connection.lane.has_room()).await.map_err(|_| too_late())?;
                    continue;
                }
            };
        }
    }

    fn default_deadline(&self) -> Duration {
        self.shared.config.settings().deadline
    }
}

/// What became of a request that was to be sent.
enum Sent {
    OnLane(PendingCall),
    /// Not yet: it needs a stream of its own.
    TooLarge(Bytes),
    /// Not yet: as many calls are in flight as the server takes.
    NoRoom,
}

impl Connection {
    /// Encodes the request and appends it to the lane.
    fn send(&self, call: Outgoing, request: &impl Encode, waker: &std::task::Waker) -> Result<Sent, RpcError> {
        let time_left_ms = call.time_left_ms().ok_or_else(too_late)?;
        let mut scratch = Scratch::take();
        request.encode(&mut scratch.bytes)?;
        self.check_request_size(scratch.bytes.len())?;
        if scratch.bytes.len() > LANE_MESSAGE_BYTES_MAX {
            return Ok(Sent::TooLarge(scratch.freeze()));
        }
        let deadline = Some(call.deadline);
        let request = Request { method_id: call.method_id, deadline, time_left_ms, message: &scratch.bytes };
        Ok(self.lane.submit(&request, waker)?.map_or(Sent::NoRoom, Sent::OnLane))
    }

    /// Refuses here what the server would refuse there.
    fn check_request_size(&self, length: usize) -> Result<(), RpcError> {
        let bytes_max = self.hello.message_bytes_max;
        if length as u64 <= bytes_max {
            return Ok(());
        }
        let message = format!(
            "the request has {length} bytes, and the server takes {bytes_max}: raise its message_bytes_max, or send less"
        );
        Err(RpcError::new(ErrorKind::MessageTooLarge, Executed::No, message))
    }

    async fn call_on_stream(&self, call: Outgoing, message: Bytes) -> Result<Answer, RpcError> {
        let time_left_ms = call.time_left_ms().ok_or_else(too_late)?;
        let request = Request { method_id: call.method_id, deadline: None, time_left_ms, message: &[] };
        let answer = timeout_at(call.deadline, self.call_large(&request, message)).await;
        let (status, message) = answer.map_err(|_| deadline_exceeded(Executed::Maybe))??;
        Ok(Answer { status, message })
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

/// Small messages are slices of larger buffers: copied, they don't keep those alive.
fn unpinned(message: Bytes) -> Bytes {
    if message.len() <= LANE_MESSAGE_BYTES_MAX { Bytes::copy_from_slice(&message) } else { message }
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
