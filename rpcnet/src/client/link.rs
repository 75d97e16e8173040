//! A client's connection of the moment: there, being made, or missing.

use std::{net::SocketAddr, sync::Arc};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout_at},
};

use super::connection::Connection;
use crate::{Executed, RpcError, channel::too_late};

/// What a client and its supervisor share.
pub(super) struct Link {
    /// What calls look at, without a lock. Empty unless the state is [`State::Up`].
    current: ArcSwapOption<Connection>,
    /// What those look at who find nothing there.
    state: watch::Sender<State>,
    /// Told by calls that find no connection.
    wanted: Notify,
    /// Calls wait while the client is down.
    wait_for_ready: bool,
    remote_addr: Mutex<SocketAddr>,
}

#[derive(Clone)]
pub(super) enum State {
    Up(Arc<Connection>),
    /// The connection was lost, and another may be there any moment.
    Connecting(RpcError),
    /// The last attempt failed; if it was refused, so were those before, for as long as one attempt may take.
    Down(RpcError),
    /// Nobody tries any more.
    Over(RpcError),
}

impl Link {
    pub(super) fn new(connection: Arc<Connection>, wait_for_ready: bool) -> Self {
        Self {
            remote_addr: Mutex::new(connection.remote_addr()),
            current: ArcSwapOption::new(Some(Arc::clone(&connection))),
            state: watch::Sender::new(State::Up(connection)),
            wanted: Notify::new(),
            wait_for_ready,
        }
    }

    /// The connection of the moment.
    pub(super) fn current(&self) -> Option<Arc<Connection>> {
        self.current.load_full()
    }

    /// The connection for a call: the one of the moment, or the one that is being made.
    ///
    /// # Errors
    ///
    /// There is none and the server is given up for now, or the deadline passed. The call was not sent.
    pub(super) async fn connection(&self, deadline: Instant) -> Result<Arc<Connection>, RpcError> {
        match self.current() {
            Some(connection) => Ok(connection),
            None => self.wait_for(deadline, |_| true).await,
        }
    }

    /// The connection after `lost`, which takes no more calls.
    pub(super) async fn connection_after(
        &self,
        lost: &Arc<Connection>,
        deadline: Instant,
    ) -> Result<Arc<Connection>, RpcError> {
        self.wait_for(deadline, |connection| !Arc::ptr_eq(connection, lost)).await
    }

    async fn wait_for(
        &self,
        deadline: Instant,
        wanted: impl Fn(&Arc<Connection>) -> bool,
    ) -> Result<Arc<Connection>, RpcError> {
        self.wanted.notify_one();
        let mut state = self.state.subscribe();
        let decided = state.wait_for(|state| match state {
            State::Up(connection) => wanted(connection),
            State::Connecting(_) => false,
            State::Down(_) => !self.wait_for_ready,
            State::Over(_) => true,
        });
        let decided = match timeout_at(deadline, decided).await {
            Ok(Ok(state)) => state.clone(),
            // The sender lives as long as `self`.
            Ok(Err(_)) | Err(_) => return Err(too_late()),
        };
        match decided {
            State::Up(connection) => Ok(connection),
            State::Connecting(error) | State::Down(error) | State::Over(error) => {
                Err(error.with_executed(Executed::No))
            }
        }
    }

    /// Waits until a call has found no connection.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// The state is `next` from now on, unless all is over.
    pub(super) fn set(&self, next: State) {
        if let State::Up(connection) = &next {
            *self.remote_addr.lock() = connection.remote_addr();
        }
        self.state.send_if_modified(|state| {
            if matches!(state, State::Over(_)) {
                return false;
            }
            // Under the state's own lock, so that the two never disagree for long.
            self.current.store(match &next {
                State::Up(connection) => Some(Arc::clone(connection)),
                State::Connecting(_) | State::Down(_) | State::Over(_) => None,
            });
            *state = next;
            true
        });
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(super) fn remote_addr(&self) -> SocketAddr {
        *self.remote_addr.lock()
    }
}
