//! What a client says about its connection.

use std::fmt;

use tokio::sync::watch;

use super::link::State;
use crate::RpcError;

/// Whether a [`Client`](crate::Client) has a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionState {
    /// It has one.
    Connected,
    /// The connection was lost, for this reason, and another one is being made: calls wait for it.
    Connecting(RpcError),
    /// The last attempt failed, for this reason; there will be others. One that the server's host refused counts once the
    /// [connect timeout](crate::ClientConfigBuilder::with_connect_timeout) has passed: the server may just be starting again.
    /// Calls fail at once, unless the client
    /// [waits](crate::ClientConfigBuilder::with_wait_for_ready).
    Disconnected(RpcError),
}

impl ConnectionState {
    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected)
    }
}

impl From<&State> for ConnectionState {
    fn from(state: &State) -> Self {
        match state {
            State::Up(_) => Self::Connected,
            State::Connecting(error) => Self::Connecting(error.clone()),
            State::Down(error) | State::Over(error) => Self::Disconnected(error.clone()),
        }
    }
}

/// Follows the connection of a [`Client`](crate::Client), without keeping the client alive.
pub struct ConnectionWatch(watch::Receiver<State>);

impl ConnectionWatch {
    pub(super) fn new(state: watch::Receiver<State>) -> Self {
        Self(state)
    }

    /// The state now.
    pub fn state(&self) -> ConnectionState {
        (&*self.0.borrow()).into()
    }

    /// Waits for the state to change, and returns the latest; states in between may have been missed. `None` when the
    /// client is no more.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, it misses nothing.
    pub async fn changed(&mut self) -> Option<ConnectionState> {
        self.0.changed().await.ok()?;
        Some((&*self.0.borrow_and_update()).into())
    }

    /// Waits until there is a connection; `false` when there will be none.
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again.
    pub async fn connected(&mut self) -> bool {
        let up = self.0.wait_for(|state| matches!(state, State::Up(_) | State::Over(_))).await;
        up.is_ok_and(|state| matches!(*state, State::Up(_)))
    }
}

impl fmt::Debug for ConnectionWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConnectionWatch").field(&self.state()).finish()
    }
}
