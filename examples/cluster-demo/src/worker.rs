//! One worker, in a process of its own.

use std::{error::Error, io::Write, time::Duration};

use rpcnet::prelude::*;
use rpcnet_cluster::{ClusterConfig, ServerBuilderExt};
use tokio::{
    io::AsyncReadExt,
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::service::{Work, WorkError, WorkServer};

/// The raw method that answers what it is sent.
pub(crate) const ECHO: &str = "echo";

struct Worker;

impl Work for Worker {
    async fn compute(&self, number: u64) -> Result<u64, WorkError> {
        sleep(WORK).await;
        number.checked_mul(number).ok_or(WorkError::TooLarge)
    }

    async fn order(&self, number: u64) -> Result<u64, WorkError> {
        self.compute(number).await
    }
}

/// Runs a worker until it is told to stop. What it has begun is finished first.
pub(crate) async fn run(name: &str, addr: &str, seed: &str) -> Result<(), Box<dyn Error>> {
    // One that is paused can't notice the end of its input.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let config = ClusterConfig::builder()
        .with_node_id(name)
        .with_tag("role", "worker")
        .with_tag("name", name)
        .with_gossip_port(0);
    let server = Server::builder(ServerConfig::development().with_bind_addr(addr).build()?)
        .service(WorkServer::new(Worker))
        .register(ECHO, |message| async move { Ok(message) })
        .enable_cluster(config.with_seeds([seed]).build()?)
        .start()
        .await?;
    writeln!(std::io::stdout(), "{}", server.local_addr())?;

    let mut terminated = signal(SignalKind::terminate())?;
    let mut parent = tokio::io::stdin();
    tokio::select! {
        _ = terminated.recv() => {}
        // Whoever started it is gone, or waits for its end.
        _ = parent.read_u8() => {}
    }
    server.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

/// How long a call takes.
const WORK: Duration = Duration::from_millis(20);
