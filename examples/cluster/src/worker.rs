//! A worker: makes tokens, and joins the director's cluster so that it is found.

use std::{error::Error, future::pending, io, time::Duration};

use rpcnet::{prelude::*, stream};
use rpcnet_cluster::{ClusterConfig, ServerBuilderExt};
use tokio::{sync::watch, time::sleep};
use tracing::info;

use crate::{
    service::{Inference, InferenceError, InferenceServer, Token},
    settings::Settings,
};

#[derive(Clone)]
struct Worker {
    label: String,
    failed: watch::Receiver<bool>,
}

impl Inference for Worker {
    async fn generate(
        &self,
        from: u64,
        last: u64,
    ) -> Result<impl Stream<Item = Result<Token, InferenceError>>, InferenceError> {
        if *self.failed.borrow() {
            return Err(InferenceError::WorkerFailed(self.label.clone()));
        }
        info!("🌊 [{}] generating tokens {from} to {last}", self.label);
        let worker = self.clone();
        Ok(stream::iter(from..=last).then(move |sequence| worker.clone().make(sequence)))
    }
}

impl Worker {
    /// Takes its time, as a model does.
    async fn make(mut self, sequence: u64) -> Result<Token, InferenceError> {
        tokio::select! {
            () = sleep(TOKEN_INTERVAL) => Ok(Token { sequence, text: format!("token-{sequence}"), worker: self.label }),
            // An error ends the stream, and its reader gets it as the last item.
            Ok(_) = self.failed.wait_for(|failed| *failed) => Err(InferenceError::WorkerFailed(self.label)),
        }
    }
}

/// Runs a worker until `stop` is done. What it has begun is finished first.
pub(crate) async fn run(settings: &Settings, stop: impl Future<Output = io::Result<()>>) -> Result<(), Box<dyn Error>> {
    let (label, failed) = (&settings.worker_label, watch::Sender::new(false));
    info!("👷 Starting Worker '{label}' at {}", settings.worker_addr);
    let config = ClusterConfig::builder()
        .with_node_id(label)
        .with_tag("role", "worker")
        .with_tag("label", label)
        // Any, so that the port above this one is free for the next worker.
        .with_gossip_port(0)
        .with_seeds([&settings.director_addr])
        .build()?;
    let server_config = ServerConfig::development().with_bind_addr(&*settings.worker_addr).build()?;
    let server = Server::builder(server_config)
        .service(InferenceServer::new(Worker { label: label.clone(), failed: failed.subscribe() }))
        .enable_cluster(config)
        .start()
        .await?;
    info!("🌐 Cluster enabled, looking for the director at {}...", settings.director_addr);
    server.cluster().wait_until(|view| view.live_count() > 1).await?;
    info!("✅ Worker '{label}' joined cluster with role=worker");
    info!("🚀 Worker '{label}' is running and ready to handle requests - listening on {}", server.local_addr());

    let failures = async {
        match settings.failures {
            Some(cycle) => cycle.run(&failed, server.cluster()).await,
            None => pending().await,
        }
    };
    tokio::select! {
        told = stop => told?,
        () = failures => {}
    }
    info!("👋 Worker '{label}' finishes what it has begun");
    server.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

const TOKEN_INTERVAL: Duration = Duration::from_millis(25);
