//! The ways in which a server ends: at once, or when what it has begun is done.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

use super::Server;
use crate::config::DEADLINE;

/// How a [`Server::shutdown`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// Every call has ended, and every client has its answers and has left.
    Complete,
    /// The deadline came first.
    #[non_exhaustive]
    CutOff {
        /// Calls that were cut off.
        calls: usize,
        /// Connections that were closed under their clients: some of their answers may not have arrived.
        connections: usize,
    },
}

impl Server {
    /// Ends well, within `deadline`: tells every client to go away, lets what is in flight finish, then stops.
    ///
    /// First runs what is to be told [before](Server::on_drain), if there is anything. From then on, which is the first poll if
    /// there is nothing, new connections and new calls are refused; the calls fail with
    /// [`ErrorKind::Draining`](crate::ErrorKind::Draining), which says that they never ran, and a [`Client`](crate::Client) sends them again on
    /// another connection. Calls in flight end as they would have, and their answers reach their callers: a client
    /// closes its connection when it has them all. What is not done at the deadline is cut off, as by
    /// [`stop`](Server::stop), a little before it (50 ms, or a quarter of a shorter deadline), so that this returns in time.
    ///
    /// Doing it twice, or several times at once, is as good as once; the earliest deadline counts.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the server goes on refusing what is new and finishing what is not; nothing is cut
    /// off until it is stopped or dropped.
    pub async fn shutdown(&self, deadline: Duration) -> Shutdown {
        // Beyond the longest that a configuration takes, arithmetic on clocks could overflow.
        let deadline = deadline.min(*DEADLINE.end());
        let end = Instant::now() + deadline;
        let cut_off = end - STOP_TIME.min(deadline / 4);
        let life = &self.shared.life;
        let mut told = self.shared.hooks.run_draining(&self.shared.application);
        if !told.is_empty() {
            // Whoever does not come to an end here goes on beside what follows.
            let _ = timeout_at(Instant::now() + deadline / 4, join(&mut told)).await;
            told.detach_all();
        }
        life.drain(Some(cut_off));
        // Nothing is left to finish on a server that had stopped before; one that is stopped meanwhile cuts off what is.
        let stopped_before = life.is_stopped();
        let complete = tokio::select! {
            biased;
            () = life.stopped(), if !stopped_before => false,
            () = self.wait_for_in_flight() => true,
            () = sleep_until(cut_off) => false,
        };
        let (calls, connections) = (self.calls_in_flight(), life.connections());
        life.stop();
        // A handler that blocks an IO thread, against all advice, must not make this hang.
        let late = end.max(Instant::now() + STOP_TIME);
        let stopped = timeout_at(late, self.stopped()).await.is_ok();
        self.tell_stopped(late).await;
        if complete && stopped { Shutdown::Complete } else { Shutdown::CutOff { calls, connections } }
    }

    /// Refuses new connections and new calls from here on, and tells every client to go away. What is in flight goes on.
    ///
    /// The first half of a [`shutdown`](Server::shutdown), for programs that do something in between, such as leaving a
    /// cluster. There is no way back. New calls are refused as having never run; a [`Client`](crate::Client) sends them
    /// again on another connection.
    pub fn stop_accepting(&self) {
        self.shared.hooks.run_draining(&self.shared.application).detach_all();
        self.shared.life.drain(None);
    }

    /// Waits until no call is in flight; after [`stop_accepting`](Server::stop_accepting) also until every client has its answers and
    /// has left.
    ///
    /// It has no deadline of its own: a client that vanished is noticed after the idle timeout, and a handler may
    /// take as long as it likes. Calls that are answered at once are never counted.
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again.
    pub async fn wait_for_in_flight(&self) {
        let life = &self.shared.life;
        life.wait_for(|| self.calls_in_flight() == 0 && (!life.is_draining() || life.connections() == 0)).await;
    }

    /// Stops at once: connections are closed, handlers are dropped at their next await, and when this returns the port
    /// is free. Stopping twice does no more than stopping once.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the server stops all the same.
    pub async fn stop(&self) {
        self.shared.life.stop();
        self.stopped().await;
        self.tell_stopped(Instant::now() + STOP_TIME).await;
    }

    /// Runs what is to be run when the server has stopped, and waits for it no longer than that.
    async fn tell_stopped(&self, until: Instant) {
        let mut told = self.shared.hooks.run_stopped(&self.shared.application);
        let _ = timeout_at(until, join(&mut told)).await;
        told.detach_all();
    }

    /// Waits until the server has stopped.
    pub async fn stopped(&self) {
        // Never has a permit: it only ever ends by being closed.
        let _ = self.running.acquire().await;
    }
}

async fn join(hooks: &mut JoinSet<()>) {
    while let Some(ended) = hooks.join_next().await {
        if let Err(error) = ended {
            tracing::warn!(%error, "a hook of the server's end failed");
        }
    }
}

/// What closing the connections and the sockets takes, with room for a busy machine.
const STOP_TIME: Duration = Duration::from_millis(50);
