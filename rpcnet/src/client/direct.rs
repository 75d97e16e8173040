//! One connection and nothing behind it: no second one when it is lost, and no call is sent twice.
//!
//! For a channel that has others to turn to. It wants to know at once that a call can't be made here, and decides itself
//! what becomes of it.

use std::{future::Future, net::SocketAddr, sync::Arc};

use tokio::time::Instant;

use super::{
    connection::{Connection, StreamPlace},
    dial,
    gate::{Reservation, going_away},
    hearing::{Hearing, Listener},
    sent::SentCall,
};
use crate::{
    ClientConfig, RpcError, Target,
    channel::{Encode, Outgoing, OutgoingStream},
    streaming::{RequestSink, ResponseReceiver},
};

/// A connection to one server. Cloning is cheap; it is closed when the last clone is dropped and the last call has
/// ended.
#[doc(hidden)]
#[derive(Clone)]
pub struct DirectConnection(Arc<Connection>);

/// The right to make one call on a connection, until it is made or given up.
#[doc(hidden)]
pub struct Turn<'a>(Reservation<'a>);

/// The right to begin one streaming call on a connection, until it is begun or given up.
#[doc(hidden)]
pub struct StreamTurn<'a>(StreamPlace<'a>);

impl DirectConnection {
    /// Connects, and waits for the server's hello. Nothing was sent if it fails. `listener` hears of the server beside its
    /// answers.
    ///
    /// # Errors
    ///
    /// As for [`Client::connect`](crate::Client::connect).
    pub async fn dial(target: &Target, config: &ClientConfig, listener: Arc<dyn Listener>) -> Result<Self, RpcError> {
        dial::dial(target, config, &Hearing::new(listener)).await.map(Self)
    }

    /// The server's address.
    pub fn remote_addr(&self) -> SocketAddr {
        self.0.remote_addr()
    }

    /// Whether it takes calls: it is there, and its server has not said that it goes away.
    pub fn is_open(&self) -> bool {
        !self.0.gate().is_shut()
    }

    /// Takes no more calls from here on.
    pub fn leave(&self) {
        self.0.leave();
    }

    /// Closes it: calls under way end with this error, and no others begin. For a server that is known to be gone, long before
    /// its path is given up.
    pub fn close(&self, reason: &RpcError) {
        self.0.close(reason);
    }

    /// Waits until it takes no more calls, and says why. The future does not keep the connection open.
    pub fn shut(&self) -> impl Future<Output = RpcError> + Send + use<> {
        let (gate, connection) = (Arc::clone(self.0.gate()), Arc::downgrade(&self.0));
        async move {
            gate.wait_shut().await;
            connection.upgrade().and_then(|connection| connection.closed()).unwrap_or_else(going_away)
        }
    }

    /// Why it takes no calls, if it does not: they were never sent.
    pub fn refusal(&self) -> Option<RpcError> {
        if self.is_open() { None } else { Some(self.0.refusal()) }
    }

    /// The right to make a call, if the server takes another one now.
    pub fn try_turn(&self) -> Option<Turn<'_>> {
        self.0.gate().try_enter().map(Turn)
    }

    /// The same when the server takes another one, first come, first served.
    ///
    /// # Errors
    ///
    /// The connection takes no more calls, or the deadline passed. The call was not sent.
    pub async fn turn_by(&self, deadline: Instant) -> Result<Turn<'_>, RpcError> {
        self.0.reserve_by(deadline).await.map(Turn)
    }

    /// Encodes the request and hands it to the connection, at the time `now`. The task that does it must be the first to poll
    /// the answer's future. `patience` is the time for [`SentCall::answered_by`], if that will be asked.
    ///
    /// # Errors
    ///
    /// It can't be encoded or is too large, the deadline has passed, or the connection is lost. The call was not sent.
    pub async fn send<'a>(
        &'a self,
        turn: Turn<'a>,
        call: &'a Outgoing,
        request: &mut (impl Encode + Send),
        now: Instant,
        patience: Option<Instant>,
    ) -> Result<SentCall<'a>, RpcError> {
        self.0.send(turn.0, call, request, now, patience).await
    }

    /// The right to begin a streaming call, if the server takes another one now.
    pub fn try_stream_turn(&self) -> Option<StreamTurn<'_>> {
        self.0.try_stream_place().map(StreamTurn)
    }

    /// The same when the server takes another one, first come, first served.
    ///
    /// # Errors
    ///
    /// As for [`DirectConnection::turn_by`].
    pub async fn stream_turn_by(&self, deadline: Instant) -> Result<StreamTurn<'_>, RpcError> {
        self.0.stream_place_by(deadline).await.map(StreamTurn)
    }

    /// Begins a streaming call, with its first message if it has one. Nothing is sent before the sink is flushed.
    ///
    /// # Errors
    ///
    /// As for [`DirectConnection::send`].
    pub async fn open_streaming(
        &self,
        turn: StreamTurn<'_>,
        call: &OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        self.0.open_streaming_at(turn.0, call, first).await
    }
}
