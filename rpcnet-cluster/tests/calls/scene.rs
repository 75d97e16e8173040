//! Workers that can take little, each with a role that is its name, and a client that asks them in that order.

use std::net::SocketAddr;

use rpcnet::{ClientConfig, Server, ServerConfig, ServerConfigBuilder};
use rpcnet_cluster::{
    Balancer, ClusterClient, ClusterClientBuilder, StaticWorkers, Tags, WorkerInfo,
    balance::{Candidates, PickRequest, Worker as Candidate},
};
use tokio::task::JoinHandle;

use crate::common::{until, within};
use crate::workers::{Seen, WorkClient, WorkServer, Worker, client_config};

/// Of those that may be asked, the one whose name comes first.
#[derive(Debug)]
pub(crate) struct ByName;

impl Balancer for ByName {
    fn pick<'a>(&self, candidates: &'a Candidates, request: &PickRequest<'_>) -> Option<&'a Candidate> {
        let eligible = candidates.workers().iter().filter(|worker| candidates.is_eligible(worker, request));
        eligible.min_by_key(|worker| worker.id())
    }
}

/// How much a worker takes.
#[derive(Clone, Copy)]
pub(crate) enum Room {
    /// Enough.
    Enough,
    /// One call for each connection: clients know, and wait.
    OneEach,
    /// One call in all: it refuses others.
    One,
}

impl Room {
    fn limit(self, config: ServerConfigBuilder) -> ServerConfigBuilder {
        match self {
            Self::Enough => config,
            Self::OneEach => config.with_calls_per_connection_max(1),
            Self::One => config.with_calls_max(1),
        }
    }
}

/// Starts a worker that takes so much.
pub(crate) async fn serve_limited(worker: &Worker, room: Room) -> Server {
    let config = room.limit(ServerConfig::development()).build().expect("a valid configuration");
    Server::builder(config).service(WorkServer::new(worker.clone())).start().await.expect("a free port")
}

/// Starts workers with these names.
pub(crate) async fn workers(rooms: &[(&str, Room)]) -> Vec<(Worker, Server)> {
    let mut workers = Vec::new();
    for (name, room) in rooms {
        let worker = Worker::new(name);
        let server = serve_limited(&worker, *room).await;
        workers.push((worker, server));
    }
    workers
}

/// What a source says about a worker.
pub(crate) fn known(worker: &Worker, addr: SocketAddr) -> WorkerInfo {
    let mut info = WorkerInfo::new(worker.id(), addr);
    info.tags = Tags::default().with("role", worker.id().as_str()).expect("short");
    info
}

/// A client of these, to be set up further, and what it sees.
pub(crate) fn client_of(workers: &[(Worker, Server)]) -> (ClusterClientBuilder<StaticWorkers>, Seen) {
    let infos = workers.iter().map(|(worker, server)| known(worker, server.local_addr()));
    client_of_these(infos.collect(), client_config())
}

/// The same of those that a list names.
pub(crate) fn client_of_these(
    infos: Vec<WorkerInfo>,
    config: ClientConfig,
) -> (ClusterClientBuilder<StaticWorkers>, Seen) {
    let seen = Seen::new();
    let builder = ClusterClient::builder(StaticWorkers::new(infos), config);
    (builder.with_strategy(ByName).with_observer(seen.clone()), seen)
}

/// A call of somebody else, which waits at this worker until it is released.
pub(crate) async fn occupy((worker, server): &(Worker, Server)) -> JoinHandle<()> {
    let client = rpcnet::Client::connect(server.local_addr(), client_config());
    let client = WorkClient::new(within("a connection", client).await.expect("it is there"));
    let before = worker.begun();
    let call = tokio::spawn(async move {
        // It may still wait when the test ends.
        let _ = client.wait().await;
    });
    until("it has arrived", || worker.begun() > before).await;
    call
}

/// A call of this client, which waits at the worker with this name until it is released.
pub(crate) async fn occupy_by(cluster: &ClusterClient, worker: &Worker) -> JoinHandle<()> {
    let client = WorkClient::new(cluster.channel(&*format!("role={}", worker.id())));
    let before = worker.begun();
    let call = tokio::spawn(async move {
        // It may still wait when the test ends.
        let _ = client.wait().await;
    });
    until("it has arrived", || worker.begun() > before).await;
    call
}
