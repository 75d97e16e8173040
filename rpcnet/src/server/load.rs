//! How much a server has to do, for those who spread work over several.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Server, hooks::NotReady, shared::ServerShared};

/// How much a server has to do at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLoad {
    /// Calls that run on tasks of their own. Calls that are answered at once are never counted.
    pub calls_in_flight: usize,
    /// How many of them it takes at once; beyond, it refuses.
    pub calls_max: usize,
    /// It refuses new calls, since it is going away.
    pub draining: bool,
}

/// Watches a server from elsewhere, without keeping it running. Cloning is cheap.
#[derive(Clone)]
pub struct ServerMonitor {
    shared: Arc<ServerShared>,
}

impl Server {
    /// What watches this server from another place, as its load and its readiness.
    pub fn monitor(&self) -> ServerMonitor {
        ServerMonitor { shared: Arc::clone(&self.shared) }
    }

    /// Whether all parts say that they are [ready](Server::ready_when), and the server is not going away.
    ///
    /// # Errors
    ///
    /// Each part that is not ready, with what it says.
    pub fn readiness(&self) -> Result<(), NotReady> {
        self.shared.readiness()
    }

    /// Asks `check` too whether the server is ready to serve, under this name.
    ///
    /// Nothing follows from it by itself: it is for health services, and whoever else asks for
    /// [`Server::readiness`]. The check must return at once.
    pub fn ready_when(&self, name: impl Into<String>, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.shared.hooks.ready_when(name.into(), check);
    }

    /// Runs `hook` once when the server is to go away, before it tells its clients: to tell others that no new work is wanted.
    ///
    /// [`Server::shutdown`] waits for it for a quarter of its deadline; [`Server::stop_accepting`] does not. A server that
    /// is [stopped](Server::stop) or dropped at once skips it. Hooks run side by side, on the runtime that the server was started on.
    pub fn on_drain<F>(&self, hook: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.shared.hooks.on_drain(hook);
    }

    /// Runs `hook` once when the server has stopped, however it did: to take back what was published about it.
    ///
    /// [`Server::shutdown`] waits for it for what is left of its deadline, [`Server::stop`] for 50 ms. It runs on the runtime
    /// that the server was started on, also after those have stopped to wait; for a server that is dropped, too.
    pub fn on_stop<F>(&self, hook: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.shared.hooks.on_stop(hook);
    }
}

impl ServerMonitor {
    /// How much it has to do now.
    pub fn load(&self) -> ServerLoad {
        ServerLoad {
            calls_in_flight: self.shared.calls_in_flight(),
            calls_max: self.shared.config.settings().limits.calls_max,
            draining: self.shared.life.is_draining(),
        }
    }

    /// Measures how long a handler waits for a thread of its runtime, by waiting for one.
    ///
    /// It costs a task. To be asked once or a few times a second.
    ///
    /// # Cancel safety
    ///
    /// It can be asked again.
    pub async fn queue_delay(&self) -> Duration {
        let asked = Instant::now();
        let ran = self.shared.application.spawn(async move { asked.elapsed() });
        // A runtime that is gone runs no handler either.
        ran.await.unwrap_or_else(|_| asked.elapsed())
    }

    /// As [`Server::readiness`].
    ///
    /// # Errors
    ///
    /// Each part that is not ready, with what it says.
    pub fn readiness(&self) -> Result<(), NotReady> {
        self.shared.readiness()
    }

    /// Waits until the server refuses new calls, because it is going away or has stopped.
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again.
    pub async fn draining(&self) {
        self.shared.life.draining().await;
    }
}

impl ServerShared {
    fn readiness(&self) -> Result<(), NotReady> {
        let own =
            if self.life.is_draining() { vec![("server".to_owned(), "it is going away".to_owned())] } else { vec![] };
        match self.hooks.readiness() {
            Err(NotReady { reasons }) => Err(NotReady { reasons: [own, reasons].concat() }),
            Ok(()) if own.is_empty() => Ok(()),
            Ok(()) => Err(NotReady { reasons: own }),
        }
    }
}

impl fmt::Debug for ServerMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerMonitor").field("load", &self.load()).finish_non_exhaustive()
    }
}
