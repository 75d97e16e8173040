//! What leads to one worker: a connection that is made ahead of the calls, and made anew when it is lost.

use std::{sync::Arc, time::Duration};

use rpcnet::{
    __channel::{DirectConnection, Listener},
    ClientConfig, RpcError, Target,
};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, timeout},
};

use super::shared::Clock;
use crate::{
    NodeId,
    balance::{Worker, WorkerInfo},
};

/// Which server a link leads to: a worker, in one of its runs, at one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: NodeId,
    generation: u64,
    target: Target,
}

/// What has become of a link.
#[derive(Debug)]
pub(super) struct LinkNews {
    pub(super) worker: NodeId,
    /// Which link of this worker: what one that was given up has said may still be on its way.
    pub(super) epoch: u64,
    pub(super) state: LinkState,
}

/// How things stand with a link.
#[derive(Clone)]
pub(super) enum LinkState {
    /// Nobody asked for it yet.
    Idle,
    /// The first connection is being made, or the first after one was lost: calls that have nowhere else to go wait for it.
    Connecting,
    Up(DirectConnection),
    /// An attempt failed, and there will be others.
    Down(RpcError),
}

/// Keeps a connection to one server, and tells what becomes of it.
pub(super) struct Linker {
    pub(super) place: Place,
    pub(super) epoch: u64,
    pub(super) config: ClientConfig,
    pub(super) connect_timeout: Duration,
    pub(super) listener: Arc<WorkerListener>,
    pub(super) news: mpsc::Sender<LinkNews>,
    /// Somebody has heard that the server is back: no time for pauses.
    pub(super) hurry: Arc<Notify>,
}

/// Keeps what a worker tells with its answers.
pub(super) struct WorkerListener {
    pub(super) worker: Worker,
    pub(super) clock: Clock,
}

impl Listener for WorkerListener {
    fn on_answers(&self, at: Instant) {
        self.worker.experience().on_answers(self.clock.time(at));
    }

    fn on_load(&self, at: Instant, others: u32) {
        self.worker.experience().on_load(self.clock.time(at), others);
    }
}

impl Place {
    pub(super) fn of(info: &WorkerInfo) -> Self {
        let target = match &info.server_name {
            Some(name) => Target::named(info.addr, &**name),
            None => info.addr.into(),
        };
        Self { id: info.id.clone(), generation: info.generation, target }
    }

    /// Whether `other` is a later run at the same address: then this one is gone, or it would still have the address.
    pub(super) fn is_outlived_by(&self, other: &Self) -> bool {
        self.id == other.id && self.target == other.target && self.generation < other.generation
    }
}

impl Linker {
    /// Runs until nobody wants the news any more.
    pub(super) async fn run(self) {
        let (mut pause, mut since) = (PAUSE_MIN, Instant::now());
        loop {
            match self.dial().await {
                Ok(connection) => {
                    pause = PAUSE_MIN;
                    let shut = connection.shut();
                    if !self.tell(LinkState::Up(connection)).await {
                        return;
                    }
                    let reason = shut.await;
                    tracing::debug!(worker = %self.place.id, %reason, "a connection takes no more calls");
                    if !self.tell(LinkState::Connecting).await {
                        return;
                    }
                    since = Instant::now();
                }
                Err(error) => {
                    tracing::debug!(worker = %self.place.id, %error, "no connection yet");
                    // It may just be starting: an attempt on a server that is silent takes as long.
                    let may_start = error.is_refusal() && since.elapsed() < self.connect_timeout;
                    if !may_start && !self.tell(LinkState::Down(error)).await {
                        return;
                    }
                }
            }
            // Half of it by chance, so that the clients of a worker that restarts do not come back all at once.
            let drawn = pause.mul_f64(0.5 + 0.5 * super::unit());
            let _ = timeout(drawn, self.hurry.notified()).await;
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }

    async fn dial(&self) -> Result<DirectConnection, RpcError> {
        let listener = Arc::clone(&self.listener);
        let dialed = DirectConnection::dial(&self.place.target, &self.config, listener);
        match timeout(self.connect_timeout, dialed).await {
            Ok(dialed) => dialed,
            Err(_) => Err(super::unreachable(&self.place.target, self.connect_timeout)),
        }
    }

    async fn tell(&self, state: LinkState) -> bool {
        let worker = self.place.id.clone();
        self.news.send(LinkNews { worker, epoch: self.epoch, state }).await.is_ok()
    }
}

impl std::fmt::Debug for LinkState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Idle => f.write_str("Idle"),
            Self::Connecting => f.write_str("Connecting"),
            Self::Up(connection) => f.debug_tuple("Up").field(&connection.remote_addr()).finish(),
            Self::Down(error) => f.debug_tuple("Down").field(error).finish(),
        }
    }
}

/// After a loss, and then twice as long after each failure. A worker that comes back is to be found within two seconds.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);
