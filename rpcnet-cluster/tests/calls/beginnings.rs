//! Streams that their workers do not begin.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use rpcnet::{CallError, ErrorKind, Executed, RpcError, Server, ServerConfig, prelude::*};
use rpcnet_cluster::{ClusterChannel, ClusterClient, StaticWorkers, WorkerInfo};
use tokio::sync::Semaphore;

use crate::common::{id, until, within};
use crate::scene::ByName;
use crate::workers::client_config;

#[rpcnet::service]
pub(crate) trait Feed {
    /// Who sends it, once it is let go.
    #[rpc(idempotent)]
    async fn feed(&self) -> Result<impl Stream<Item = Result<String, String>>, String>;
    /// The same, and twice is not the same as once.
    async fn feed_once(&self) -> Result<impl Stream<Item = Result<String, String>>, String>;
}

#[derive(Clone)]
struct Feeder {
    name: &'static str,
    begun: Arc<AtomicUsize>,
    release: Arc<Semaphore>,
}

impl Feeder {
    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    async fn items(&self) -> Result<impl Stream<Item = Result<String, String>> + use<>, String> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.release.acquire().await.map_err(|_| "closed")?.forget();
        Ok(rpcnet::stream::iter([Ok(self.name.to_owned())]))
    }
}

impl Feed for Feeder {
    async fn feed(&self) -> Result<impl Stream<Item = Result<String, String>>, String> {
        self.items().await
    }

    async fn feed_once(&self) -> Result<impl Stream<Item = Result<String, String>>, String> {
        self.items().await
    }
}

async fn feeders(names: &[&'static str]) -> Vec<(Feeder, Server)> {
    let mut feeders = Vec::new();
    for name in names {
        let feeder = Feeder { name, begun: Arc::default(), release: Arc::new(Semaphore::new(0)) };
        let server = Server::builder(ServerConfig::development().build().expect("valid"));
        let server = server.service(FeedServer::new(feeder.clone())).start().await.expect("a free port");
        feeders.push((feeder, server));
    }
    feeders
}

async fn client_of(feeders: &[(Feeder, Server)]) -> (ClusterClient, FeedClient<ClusterChannel>) {
    let infos = feeders.iter().map(|(feeder, server)| WorkerInfo::new(id(feeder.name), server.local_addr()));
    let cluster = ClusterClient::builder(StaticWorkers::new(infos), client_config()).with_strategy(ByName).start();
    let channel = cluster.channel("");
    within("connections", channel.ready_with(feeders.len())).await.expect("a filter");
    (cluster, FeedClient::new(channel))
}

fn failure<T>(result: Result<T, CallError<String>>) -> RpcError {
    result.err().expect("a failure").rpc().expect("no application error").clone()
}

#[tokio::test]
async fn a_stream_of_an_idempotent_method_begins_elsewhere_if_its_worker_is_lost_before_it_has_begun() {
    let feeders = feeders(&["a", "b"]).await;
    let (_cluster, client) = client_of(&feeders).await;
    feeders[1].0.release.add_permits(1);
    let call = tokio::spawn(client.feed());
    until("it has arrived", || feeders[0].0.begun() == 1).await;
    within("its end", feeders[0].1.stop()).await;
    let mut items = within("a beginning", call).await.expect("no panic").expect("it begins at the other");
    assert_eq!(items.next().await.expect("an item").expect("a name"), "b");
}

#[tokio::test]
async fn one_that_may_have_run_is_not_begun_again_unless_its_method_is_idempotent() {
    let feeders = feeders(&["a", "b"]).await;
    let (_cluster, client) = client_of(&feeders).await;
    let call = tokio::spawn(client.feed_once());
    until("it has arrived", || feeders[0].0.begun() == 1).await;
    within("its end", feeders[0].1.stop()).await;
    let error = failure(within("a failure", call).await.expect("no panic"));
    assert_eq!((error.executed(), error.peer()), (Executed::Maybe, Some("a")), "{error}");
    assert_eq!(feeders[1].0.begun(), 0);
}

#[tokio::test]
async fn one_that_all_workers_were_lost_with_says_so_and_that_it_may_have_run() {
    let feeders = feeders(&["a", "b"]).await;
    let (_cluster, client) = client_of(&feeders).await;
    let call = tokio::spawn(client.feed());
    for (feeder, server) in &feeders {
        until("it has arrived", || feeder.begun() == 1).await;
        within("its end", server.stop()).await;
    }
    let error = failure(within("a failure", call).await.expect("no panic"));
    assert_eq!((error.executed(), error.peer()), (Executed::Maybe, Some("b")), "{error}");
}

#[tokio::test]
async fn a_worker_that_begins_no_stream_in_time_is_taken_for_out_of_order() {
    let feeders = feeders(&["a"]).await;
    let (cluster, client) = client_of(&feeders).await;
    let client = client.with_deadline(Duration::from_millis(200));
    for error in within("failures", join_all((0..8).map(|_| client.feed()))).await {
        let error = failure(error);
        assert_eq!((error.kind(), error.peer()), (ErrorKind::DeadlineExceeded, Some("a")), "{error}");
    }
    assert!(!cluster.workers()[0].is_healthy());
}
