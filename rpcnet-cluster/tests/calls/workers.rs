//! Workers that tell who they are, and a client of them.
#![allow(unreachable_pub, reason = "as in the other tests")]

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rpcnet::{ClientConfig, RpcError, Server, ServerConfig, prelude::*};
use rpcnet_cluster::{
    AttemptEvent, ClusterClient, ClusterMembership, ClusterServer, Observer, ServerBuilderExt, StaticWorkers,
    WorkerEvent, WorkerInfo,
};
use tokio::sync::{Semaphore, watch};

use crate::common;

#[rpcnet::service]
pub trait Work {
    /// Who answers.
    #[rpc(idempotent)]
    async fn name(&self) -> Result<String, String>;
    /// The same, and twice is not the same as once.
    async fn name_once(&self) -> Result<String, String>;
    /// The same when it is let go.
    #[rpc(idempotent)]
    async fn wait(&self) -> Result<String, String>;
    /// The same, and twice is not the same as once.
    async fn wait_once(&self) -> Result<String, String>;
    /// Who answers, again and again: the numbers from this one on.
    async fn count(&self, from: u64) -> Result<impl Stream<Item = Result<(String, u64), String>>, String>;
    /// The sum of the numbers.
    async fn sum(&self, numbers: Streaming<u64>) -> Result<u64, String>;
    /// Each number, doubled.
    async fn double(&self, numbers: Streaming<u64>) -> Result<impl Stream<Item = Result<u64, String>>, String>;
}

/// The handler of one worker.
#[derive(Clone)]
pub struct Worker {
    name: Arc<str>,
    pub begun: Arc<AtomicUsize>,
    release: Arc<Semaphore>,
}

impl Worker {
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), begun: Arc::default(), release: Arc::new(Semaphore::new(0)) }
    }

    /// Lets calls go that wait.
    pub fn release(&self, calls: usize) {
        self.release.add_permits(calls);
    }

    /// Calls that were begun here.
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    pub fn id(&self) -> rpcnet_cluster::NodeId {
        common::id(&self.name)
    }

    async fn wait_here(&self) -> Result<String, String> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.release.acquire().await.map_err(|_| "closed")?.forget();
        Ok(self.name.to_string())
    }
}

impl Work for Worker {
    async fn name(&self) -> Result<String, String> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Ok(self.name.to_string())
    }

    async fn name_once(&self) -> Result<String, String> {
        self.name().await
    }

    async fn wait(&self) -> Result<String, String> {
        self.wait_here().await
    }

    async fn wait_once(&self) -> Result<String, String> {
        self.wait_here().await
    }

    async fn count(&self, from: u64) -> Result<impl Stream<Item = Result<(String, u64), String>>, String> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let name = self.name.to_string();
        Ok(rpcnet::stream::iter(from..).map(move |number| Ok((name.clone(), number))))
    }

    async fn sum(&self, mut numbers: Streaming<u64>) -> Result<u64, String> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number.map_err(|error| error.to_string())?;
        }
        Ok(sum)
    }

    async fn double(&self, numbers: Streaming<u64>) -> Result<impl Stream<Item = Result<u64, String>>, String> {
        Ok(numbers.map(|number| number.map(|number| 2 * number).map_err(|error| error.to_string())))
    }
}

/// A worker without a cluster.
pub async fn serve_at(worker: &Worker, addr: std::net::SocketAddr) -> Server {
    let config = ServerConfig::development().with_bind_addr(addr).build().expect("a valid configuration");
    Server::builder(config).service(WorkServer::new(worker.clone())).start().await.expect("a free port")
}

/// The same where it can come back to.
pub async fn serve_plain(worker: &Worker) -> Server {
    serve_at(worker, common::addr_of_ones_own()).await
}

/// A worker that joins the director's cluster, with these tags besides its role.
pub async fn join(worker: &Worker, director: &ClusterMembership, tags: &[(&str, &str)]) -> ClusterServer {
    let mut config = common::config(&worker.name).with_tag("role", "worker").with_gossip_port(0);
    for (name, value) in tags {
        config = config.with_tag(*name, *value);
    }
    let config = config.build().expect("a valid configuration");
    let server = Server::builder(ServerConfig::development().build().expect("valid"));
    let server =
        server.service(WorkServer::new(worker.clone())).enable_cluster(config).start().await.expect("free ports");
    common::within("joining", server.cluster().join([director.seed()])).await.expect("the director is there");
    server
}

pub fn client_config() -> ClientConfig {
    ClientConfig::development().with_deadline(Duration::from_secs(60)).build().expect("a valid configuration")
}

/// The servers as a list, each under the name of its worker.
pub fn listed<'a>(servers: impl IntoIterator<Item = (&'a Worker, &'a Server)>) -> StaticWorkers {
    StaticWorkers::new(
        servers.into_iter().map(|(worker, server)| WorkerInfo::new(common::id(&worker.name), server.local_addr())),
    )
}

/// Waits until so many of the workers are connected.
pub async fn connected(
    cluster: &ClusterClient,
    filter: &str,
    workers: usize,
) -> WorkClient<rpcnet_cluster::ClusterChannel> {
    let channel = cluster.channel(filter);
    common::within("connections", channel.ready_with(workers)).await.expect("a filter");
    WorkClient::new(channel)
}

/// Counts what it sees.
#[derive(Clone)]
pub struct Seen(Arc<watch::Sender<Sights>>);

#[derive(Clone, Debug, Default)]
pub struct Sights {
    pub attempts: u32,
    pub retries: u32,
    pub hedges: u32,
    pub disconnected: HashMap<String, u32>,
    pub connected: HashMap<String, u32>,
    pub gone: Vec<String>,
    pub answered: HashMap<String, u32>,
}

impl Seen {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Sights::default())))
    }

    pub fn now(&self) -> Sights {
        self.0.borrow().clone()
    }

    pub async fn until(&self, what: &str, condition: impl FnMut(&Sights) -> bool) {
        common::within(what, self.0.subscribe().wait_for(condition)).await.expect("it lives");
    }
}

impl Observer for Seen {
    fn on_attempt(&self, attempt: &AttemptEvent<'_>) {
        self.0.send_modify(|sights| {
            sights.attempts += 1;
            sights.retries += u32::from(attempt.number > 1 && !attempt.hedge);
            sights.hedges += u32::from(attempt.hedge);
            if matches!(attempt.result, rpcnet_cluster::AttemptResult::Answered) {
                *sights.answered.entry(attempt.worker.to_string()).or_default() += 1;
            }
        });
    }

    fn on_worker(&self, event: &WorkerEvent<'_>) {
        self.0.send_modify(|sights| match event {
            WorkerEvent::Connected { worker, .. } => *sights.connected.entry(worker.to_string()).or_default() += 1,
            WorkerEvent::Disconnected { worker, .. } => {
                *sights.disconnected.entry(worker.to_string()).or_default() += 1
            }
            WorkerEvent::Gone { worker, .. } => sights.gone.push(worker.to_string()),
            _ => {}
        });
    }
}

/// The framework's part of a call's failure.
pub fn rpc<T, E: std::fmt::Debug>(result: Result<T, rpcnet::CallError<E>>) -> RpcError {
    result.err().expect("a failure").rpc().expect("no application error").clone()
}
