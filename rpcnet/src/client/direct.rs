//! One connection and nothing behind it: no second one when it is lost, and no call is sent twice.
//!
//! For a channel that has others to turn to. It wants to know at once that a call can't be made here, and decides itself
//! what becomes of it.

use std::{
    future::Future,
    mem,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, Waker},
};

use tokio::time::Instant;

use super::{
    connection::{Connection, Sent},
    dial,
    gate::{Reservation, going_away},
    lane::PendingCall,
};
use crate::{
    ClientConfig, Executed, RpcError, Target,
    channel::{Answer, Encode, Outgoing, OutgoingStream},
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

/// The future of an answer. Dropped before it, the call is cancelled; if it has not been sent yet, it never is.
#[doc(hidden)]
#[must_use = "dropping it cancels the call"]
pub struct SentCall<'a>(Awaited<'a>);

enum Awaited<'a> {
    /// The waker lies with the request: there is nothing to look at before it wakes.
    JustSent(PendingCall<'a>),
    OnLane(PendingCall<'a>),
    /// For a moment only.
    Left,
    /// Boxed, since few calls are so large and all would be as large as its future.
    Large(Pin<Box<dyn Future<Output = Result<Answer, RpcError>> + Send + 'a>>),
}

impl DirectConnection {
    /// Connects, and waits for the server's hello. Nothing was sent if it fails.
    ///
    /// # Errors
    ///
    /// As for [`Client::connect`](crate::Client::connect).
    pub async fn dial(target: &Target, config: &ClientConfig) -> Result<Self, RpcError> {
        dial::dial(target, config).await.map(Self)
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
        if self.is_open() {
            return None;
        }
        Some(self.0.closed().map_or_else(going_away, |error| error.with_executed(Executed::No)))
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

    /// Encodes the request and hands it to the connection, at the time `now`. The answer wakes `waker`, so the task that
    /// it belongs to must be the first to poll the future; later it wakes whoever polled last.
    ///
    /// # Errors
    ///
    /// It can't be encoded or is too large, the deadline has passed, or the connection is lost. The call was not sent.
    pub fn send<'a>(
        &'a self,
        turn: Turn<'a>,
        call: &'a Outgoing,
        request: &impl Encode,
        now: Instant,
        waker: &Waker,
    ) -> Result<SentCall<'a>, RpcError> {
        let connection = &*self.0;
        Ok(SentCall(match connection.send(turn.0, call, request, now, waker)? {
            Sent::OnLane(pending) => Awaited::JustSent(pending),
            Sent::TooLarge(message, reservation) => Awaited::Large(Box::pin(async move {
                let _reservation = reservation;
                connection.call_large(call, message).await
            })),
        }))
    }

    /// Begins a streaming call, with its first message if it has one. Nothing is sent before the sink is flushed.
    ///
    /// # Errors
    ///
    /// As for [`DirectConnection::turn_by`] and [`DirectConnection::send`].
    pub async fn open_streaming(
        &self,
        call: &OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        self.0.open_streaming(call, first).await
    }
}

impl Future for SentCall<'_> {
    type Output = Result<Answer, RpcError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Awaited::OnLane(pending) => Pin::new(pending).poll(cx),
            Awaited::Large(call) => call.as_mut().poll(cx),
            just_sent => {
                if let Awaited::JustSent(pending) = mem::replace(just_sent, Awaited::Left) {
                    *just_sent = Awaited::OnLane(pending);
                }
                Poll::Pending
            }
        }
    }
}
