//! The director: knows the workers by gossip, assigns them to clients, and streams their tokens on.

use std::{error::Error, io, sync::Arc, time::Duration};

use rpcnet::prelude::*;
use rpcnet_cluster::{ClusterClient, ClusterConfig, LoadBalancingStrategy, NodeId, ServerBuilderExt, WorkerRegistry};
use tokio::{sync::OnceCell, time::interval};
use tracing::info;

use crate::{
    relay::Relay,
    service::{
        Assignment, Director, DirectorError, DirectorServer, Inference, InferenceClient, InferenceError,
        InferenceServer, Token,
    },
    settings::Settings,
    tokens::resumed,
};

/// What the handlers need of the cluster, which the server joins when it has started.
#[derive(Clone, Default)]
struct MyDirector(Arc<OnceCell<Workers>>);

struct Workers {
    registry: WorkerRegistry,
    relay: Relay,
}

impl Director for MyDirector {
    async fn get_worker(&self, failed: Option<String>) -> Result<Assignment, DirectorError> {
        info!("📨 Client requesting worker assignment");
        let no_worker = |reason: &dyn Error| DirectorError::NoWorker(reason.to_string());
        let registry = &self.0.get().ok_or_else(|| DirectorError::NoWorker(STARTING.to_owned()))?.registry;
        if let Some(failed) = failed {
            registry.report_failure(&NodeId::new(&failed).map_err(|error| no_worker(&error))?);
        }
        let worker = registry.select_worker("role=worker").map_err(|error| no_worker(&error))?;
        info!("✅ Assigned worker: {} at {}", worker.label(), worker.addr());
        Ok(Assignment { label: worker.label().to_owned(), addr: worker.addr().to_string() })
    }
}

impl Inference for MyDirector {
    async fn generate(
        &self,
        from: u64,
        last: u64,
    ) -> Result<impl Stream<Item = Result<Token, InferenceError>>, InferenceError> {
        let workers = self.0.get().ok_or_else(|| InferenceError::NobodyLeft(STARTING.to_owned()))?;
        info!("🌊 Streaming tokens {from} to {last} from the workers to a client");
        Ok(resumed(workers.relay.clone(), from, last))
    }
}

/// Runs the director until `stop` is done.
pub(crate) async fn run(settings: &Settings, stop: impl Future<Output = io::Result<()>>) -> Result<(), Box<dyn Error>> {
    info!("🎯 Starting Director at {}", settings.director_addr);
    let director = MyDirector::default();
    let config = ServerConfig::development().with_bind_addr(&*settings.director_addr).build()?;
    let server = Server::builder(config)
        .service(DirectorServer::new(director.clone()))
        .service(InferenceServer::new(director.clone()))
        .enable_cluster(ClusterConfig::builder().with_node_id("director").build()?)
        .start()
        .await?;
    info!("✅ Cluster enabled - Director is now discoverable");

    let strategy = LoadBalancingStrategy::LeastConnections;
    let registry = WorkerRegistry::with_strategy(server.cluster().clone(), strategy);
    registry.start();
    let cluster = ClusterClient::builder(server.cluster().clone(), ClientConfig::development().build()?)
        .with_strategy(strategy)
        .start();
    let relay = Relay(InferenceClient::new(cluster.channel("role=worker")));
    // It is empty: nobody else sets it.
    let _ = director.0.set(Workers { registry: registry.clone(), relay });
    info!("🔄 Load balancing strategy: LeastConnections");
    info!("🚀 Director ready - listening on {}", server.local_addr());

    tokio::select! {
        told = stop => told?,
        () = tell(&registry, &cluster) => {}
    }
    server.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

/// Says who works, whenever that changes.
async fn tell(registry: &WorkerRegistry, cluster: &ClusterClient) {
    let (mut looks, mut told) = (interval(Duration::from_millis(500)), Vec::new());
    loop {
        looks.tick().await;
        let workers: Vec<_> = registry.workers().iter().map(|worker| (worker.id().clone(), worker.addr())).collect();
        if workers == told {
            continue;
        }
        info!("📊 Worker pool status: {} workers available", workers.len());
        for (id, addr) in &workers {
            let worker = cluster.workers().into_iter().find(|worker| worker.id() == id);
            let calls = worker.map_or(0, |worker| worker.active_connections());
            info!("   - {id} at {addr} ({calls} connections)");
        }
        told = workers;
    }
}

const STARTING: &str = "the director is starting";
