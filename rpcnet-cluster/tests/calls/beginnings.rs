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
async fn a_stream_goes_to_another_worker_when_one_has_as_many_as_a_connection_carries() {
    // QUIC carries 1024, some of which are not for calls.
    const STREAMS: usize = 1_024;
    let feeders = feeders(&["a", "b"]).await;
    let (cluster, client) = client_of(&feeders).await;
    let streams: Vec<_> = (0..STREAMS).map(|_| tokio::spawn(client.feed_once())).collect();
    until("all have arrived", || feeders[0].0.begun() + feeders[1].0.begun() == STREAMS).await;
    let at_b = feeders[1].0.begun();
    assert!((1..STREAMS / 2).contains(&at_b), "{at_b}");
    // Those at the first one are more than it has room for together with these.
    let under_way: usize = cluster.workers().iter().map(|worker| worker.active_connections()).sum();
    assert_eq!(under_way, STREAMS);
    streams.into_iter().for_each(|stream| stream.abort());
}

#[tokio::test]
async fn a_stream_that_waits_for_a_place_is_told_when_its_worker_goes_away() {
    const STREAMS: usize = 1_024;
    let feeders = feeders(&["a"]).await;
    let (_cluster, client) = client_of(&feeders).await;
    let mut streams: tokio::task::JoinSet<_> = (0..STREAMS).map(|_| client.feed_once()).collect();
    let is_full = || feeders[0].0.begun() > STREAMS - 64;
    until("all that it has room for have arrived", is_full).await;
    feeders[0].1.stop_accepting();
    // Long before their time is over. The others go on until they are let go.
    let error = within("a failure", streams.join_next()).await.expect("there are many").expect("no panic");
    let error = failure(error);
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Draining, Executed::No), "{error}");
}

#[tokio::test]
async fn a_worker_that_begins_no_stream_in_time_is_taken_for_out_of_order() {
    let feeders = feeders(&["a"]).await;
    let (cluster, client) = client_of(&feeders).await;
    let client = client.with_deadline(Duration::from_secs(1));
    for error in within("failures", join_all((0..8).map(|_| client.feed()))).await {
        let error = failure(error);
        assert_eq!((error.kind(), error.peer()), (ErrorKind::DeadlineExceeded, Some("a")), "{error}");
    }
    assert!(!cluster.workers()[0].is_healthy());
}
