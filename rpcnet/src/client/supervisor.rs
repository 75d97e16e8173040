//! The task behind a client that makes a new connection when the old one is no more.

use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::{
    backoff::Backoff,
    connection::Connection,
    dial::dial,
    gate::going_away,
    hearing::Hearing,
    lane::dropped,
    link::{Link, State},
};
use crate::{ClientConfig, Target};

pub(super) struct Supervisor {
    link: Arc<Link>,
    target: Target,
    config: ClientConfig,
    backoff: Backoff,
}

impl Supervisor {
    pub(super) fn new(link: Arc<Link>, target: Target, config: ClientConfig) -> Self {
        let (min, max) = config.settings().reconnect_backoff;
        Self { link, target, config, backoff: Backoff::new(min, max) }
    }

    /// Keeps the client connected until it is dropped, which drops this.
    pub(super) async fn run(mut self, mut connection: Arc<Connection>) {
        loop {
            let since = Instant::now();
            let gate = Arc::clone(connection.gate());
            let closed = {
                // Not held while it serves: the last call on a connection that was left closes it.
                let held = Arc::downgrade(&connection);
                drop(connection);
                gate.wait_shut().await;
                held.upgrade().and_then(|connection| connection.closed())
            };
            self.link.set(State::Connecting(closed.unwrap_or_else(going_away)));
            self.backoff.lost_after(since.elapsed());
            if self.config.settings().connection.keep_alive_interval.is_none() {
                // Idle connections are meant to close, so the next one is made for a call.
                self.link.wanted().await;
            }
            connection = self.reconnect().await;
            self.link.set(State::Up(Arc::clone(&connection)));
        }
    }

    async fn reconnect(&mut self) -> Arc<Connection> {
        // An attempt on a server that is silent takes as long; one that is refused at once may just be starting again.
        let down_from = Instant::now() + self.config.settings().connect_timeout;
        let mut refused = None;
        loop {
            let pause = self.backoff.next(rand::random());
            if let Some(error) = refused.filter(|_| Instant::now() + pause >= down_from) {
                self.link.set(State::Down(error));
            }
            sleep(pause).await;
            let error = match dial(&self.target, &self.config, &Hearing::default()).await {
                Ok(connection) => return connection,
                Err(error) => error,
            };
            tracing::debug!(target = %self.target, %error, "no connection yet");
            refused = error.is_refusal().then(|| error.clone());
            if refused.is_none() {
                self.link.set(State::Down(error));
            }
        }
    }
}

impl Drop for Supervisor {
    /// The client was dropped, or the runtime around it: nobody is to wait for a connection any more.
    fn drop(&mut self) {
        self.link.set(State::Over(dropped()));
    }
}
