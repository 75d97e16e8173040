//! Where workers come from: gossip, a list, DNS, and one's own source; and what becomes of their connections.

use std::time::Duration;

use crate::common::{addr_of_ones_own, config, sees, start, until, within};
use crate::workers::{Seen, WorkClient, Worker, client_config, connected, join, rpc, serve_at, serve_plain};
use rpcnet::{ErrorKind, Executed, Server, prelude::*};
use rpcnet_cluster::{
    ClusterClient, DnsWorkers, LoadBalancingStrategy, MemberState, StaticWorkers, WorkerInfo, WorkerRegistry,
    WorkerSource, WorkerUpdates,
};
use tokio::{sync::watch, time::timeout};

#[tokio::test]
async fn workers_of_a_cluster_are_called_by_their_tags() {
    let director = start(config("director")).await;
    let workers = ["one", "two"].map(Worker::new);
    let _servers =
        [join(&workers[0], &director, &[("zone", "eu")]).await, join(&workers[1], &director, &[("zone", "us")]).await];
    let cluster = ClusterClient::new(director, client_config());
    let all = connected(&cluster, "role=worker", 2).await;
    for (filter, name) in [("zone=eu", "one"), ("role=worker,zone!=eu", "two"), ("zone=us|asia", "two")] {
        let client = connected(&cluster, filter, 1).await;
        for _ in 0..5 {
            assert_eq!(client.name().await.expect("an answer"), name, "{filter}");
        }
    }
    let raw = cluster.call_worker("Work.name", rmp(), "zone=eu").await.expect("an answer");
    assert_eq!(raw.last(), Some(&b'e'), "{raw:?}");
    drop(all);
}

/// No arguments, encoded.
fn rmp() -> Vec<u8> {
    vec![0x80]
}

#[tokio::test]
async fn a_worker_that_shuts_down_leaves_its_cluster_and_its_clients_and_fails_no_call() {
    let director = start(config("director")).await;
    let workers = ["one", "two"].map(Worker::new);
    let servers = [join(&workers[0], &director, &[]).await, join(&workers[1], &director, &[]).await];
    let seen = Seen::new();
    let cluster = ClusterClient::builder(director.clone(), client_config()).with_observer(seen.clone()).start();
    let client = connected(&cluster, "role=worker", 2).await;
    let name = servers[0].cluster().local_node_id().clone();
    let (shutdown, ()) = tokio::join!(servers[0].shutdown(std::time::Duration::from_secs(10)), async {
        while director.view().get(&name).is_some_and(|node| node.is_live()) {
            client.name_once().await.expect("it goes elsewhere if it must");
        }
    });
    assert_eq!(shutdown, rpcnet::Shutdown::Complete);
    sees(&director, &name, MemberState::Left).await;
    seen.until("the client has heard", |seen| seen.gone.contains(&"one".to_owned())).await;
    assert_eq!(client.name().await.expect("an answer"), "two");
}

#[tokio::test]
async fn a_worker_that_is_draining_gets_no_new_calls_while_there_are_others() {
    let director = start(config("director")).await;
    let workers = ["one", "two"].map(Worker::new);
    let servers = [join(&workers[0], &director, &[]).await, join(&workers[1], &director, &[]).await];
    let cluster = ClusterClient::new(director.clone(), client_config());
    let client = connected(&cluster, "role=worker", 2).await;
    servers[0].cluster().set_draining(true);
    let is_draining = || cluster.workers().iter().any(|worker| worker.label() == "one" && worker.is_draining());
    until("the client has heard", is_draining).await;
    let before = workers[0].begun();
    let mut spared = 0;
    while spared < 50 {
        spared = if client.name().await.expect("an answer") == "two" { spared + 1 } else { 0 };
    }
    assert!(workers[0].begun() - before < 500, "it goes on being called");
}

#[tokio::test]
async fn a_registrys_workers_are_called() {
    let director = start(config("director")).await;
    let worker = Worker::new("one");
    let _server = join(&worker, &director, &[]).await;
    let cluster = ClusterClient::new(WorkerRegistry::new(director), client_config());
    let client = connected(&cluster, "", 1).await;
    assert_eq!(client.name().await.expect("an answer"), "one");
    assert_eq!(cluster.workers().len(), 1, "the director is no worker");
}

#[tokio::test]
async fn a_list_needs_no_gossip() {
    let workers = ["one", "two"].map(Worker::new);
    let servers = [serve_plain(&workers[0]).await, serve_plain(&workers[1]).await];
    let source: StaticWorkers = servers.iter().map(Server::local_addr).collect();
    let cluster = ClusterClient::new(source, client_config());
    let client = connected(&cluster, "", 2).await;
    let mut names = std::collections::HashSet::new();
    while names.len() < 2 {
        names.insert(client.name().await.expect("an answer"));
    }
}

#[tokio::test]
async fn a_name_is_looked_up_and_needs_no_gossip() {
    let worker = Worker::new("one");
    let server = serve_at(&worker, ([127, 0, 0, 1], 0).into()).await;
    let name = format!("localhost:{}", server.local_addr().port());
    let source = DnsWorkers::new(&name).expect("a name and a port");
    let cluster = ClusterClient::new(source, client_config());
    let client = connected(&cluster, "", 1).await;
    assert_eq!(client.name().await.expect("an answer"), "one");
    let found = cluster.workers();
    assert!(found.iter().any(|worker| worker.addr() == server.local_addr()), "{found:?}");
}

/// Workers that the test sets.
pub(crate) struct Fleet(pub(crate) watch::Receiver<Vec<WorkerInfo>>);

impl WorkerSource for Fleet {
    async fn run(mut self, workers: WorkerUpdates) {
        loop {
            let known = self.0.borrow_and_update().clone();
            workers.set(known);
            if self.0.changed().await.is_err() {
                return;
            }
        }
    }
}

pub(crate) fn info(server: &Server) -> WorkerInfo {
    WorkerInfo::at(server.local_addr())
}

/// The connection to a process that was killed dies of silence, which takes long: gossip knows sooner.
#[tokio::test]
async fn a_worker_whose_next_run_is_known_is_connected_to_anew() {
    let worker = Worker::new("one");
    let server = serve_plain(&worker).await;
    let (fleet, known) = watch::channel(vec![info(&server)]);
    let seen = Seen::new();
    let cluster = ClusterClient::builder(Fleet(known), client_config()).with_observer(seen.clone()).start();
    let client = connected(&cluster, "", 1).await;
    fleet.send_modify(|known| known[0].generation += 1);
    seen.until("another connection", |seen| seen.connected.values().sum::<u32>() == 2).await;
    assert_eq!(client.name().await.expect("an answer"), "one");
}

#[tokio::test]
async fn calls_under_way_at_a_worker_whose_next_run_is_known_move_or_fail_at_once() {
    let workers = ["one", "two"].map(Worker::new);
    let servers = [serve_plain(&workers[0]).await, serve_plain(&workers[1]).await];
    let infos = [0, 1].map(|index| WorkerInfo::new(workers[index].id(), servers[index].local_addr()));
    let (fleet, known) = watch::channel(infos.to_vec());
    let builder = ClusterClient::builder(Fleet(known), client_config());
    let cluster = builder.with_strategy(LoadBalancingStrategy::RoundRobin).start();
    let client = connected(&cluster, "", 2).await;
    // One of each kind at each of the two.
    let repeatable = [client.wait(), client.wait()].map(tokio::spawn);
    until("they have arrived", || workers.iter().all(|worker| worker.begun() == 1)).await;
    let once = [client.wait_once(), client.wait_once()].map(tokio::spawn);
    until("these, too", || workers.iter().all(|worker| worker.begun() == 2)).await;
    let streams = [client.double(rpcnet::stream::pending()).await, client.double(rpcnet::stream::pending()).await];
    let mut doubled = rpcnet::stream::select_all(streams.map(|stream| stream.expect("it begins")));

    fleet.send_modify(|known| known[0].generation += 1);
    until("what may run twice is made elsewhere", || workers[1].begun() == 3).await;
    workers[1].release(3);
    for call in repeatable {
        let answer = within("an answer", call).await.expect("no panic");
        assert_eq!(answer.expect("it is not lost"), "two");
    }
    let mut lost = Vec::new();
    for call in once {
        match within("an end", call).await.expect("no panic") {
            Ok(answer) => assert_eq!(answer, "two"),
            failed => lost.push(rpc(failed)),
        }
    }
    let stream = within("the end of a stream", doubled.next()).await.expect("an item");
    lost.push(rpc(stream));
    assert_eq!(lost.len(), 2);
    for error in lost {
        assert_eq!((error.kind(), error.peer()), (ErrorKind::Connection, Some("one")), "{error}");
        assert!(error.executed() != Executed::No && error.to_string().contains("started anew"), "{error}");
    }
}

/// The connection that was made anew leads to the run of which the source tells later.
#[tokio::test]
async fn calls_over_a_connection_that_was_made_anew_go_on_when_its_run_becomes_known() {
    let worker = Worker::new("one");
    let server = serve_plain(&worker).await;
    let (fleet, known) = watch::channel(vec![info(&server)]);
    let seen = Seen::new();
    let cluster = ClusterClient::builder(Fleet(known), client_config()).with_observer(seen.clone()).start();
    let client = connected(&cluster, "", 1).await;
    within("its end", server.stop()).await;
    let _server = serve_at(&worker, server.local_addr()).await;
    seen.until("another connection", |seen| seen.connected.values().sum::<u32>() == 2).await;
    let call = tokio::spawn(client.wait_once());
    until("it is under way", || worker.begun() == 1).await;
    fleet.send_modify(|known| known[0].generation += 1);
    seen.until("a third connection", |seen| seen.connected.values().sum::<u32>() == 3).await;
    worker.release(1);
    assert_eq!(within("its end", call).await.expect("no panic").expect("it goes on"), "one");
}

#[tokio::test]
async fn a_worker_that_its_source_knows_no_longer_has_its_connection_closed() {
    let workers = ["one", "two"].map(Worker::new);
    let servers = [serve_plain(&workers[0]).await, serve_plain(&workers[1]).await];
    let (fleet, known) = watch::channel(servers.iter().map(info).collect());
    let cluster = ClusterClient::new(Fleet(known), client_config());
    let client = connected(&cluster, "", 2).await;
    fleet.send_replace(vec![info(&servers[1])]);
    servers[0].stop_accepting();
    within("its client leaves", servers[0].wait_for_in_flight()).await;
    assert_eq!(client.name().await.expect("an answer"), "two");
    // A source that ends leaves what it said.
    drop(fleet);
    assert_eq!(client.name().await.expect("an answer"), "two");
}

#[tokio::test]
async fn a_source_that_knows_nobody_fails_calls_and_one_that_is_silent_lets_them_wait() {
    let (fleet, known) = watch::channel(Vec::new());
    let cluster = ClusterClient::new(Fleet(known), client_config());
    let client = WorkClient::new(cluster.channel(""));
    let error = rpc(within("a failure", client.name()).await);
    assert_eq!(error.kind(), ErrorKind::NoWorker, "{error}");
    let worker = Worker::new("one");
    let server = serve_plain(&worker).await;
    fleet.send_replace(vec![info(&server)]);
    within("a worker", cluster.channel("").ready()).await.expect("a filter");
    assert_eq!(client.name().await.expect("an answer"), "one");
}

#[tokio::test]
async fn calls_wait_for_the_only_worker_of_a_list_while_it_is_starting() {
    let addr = addr_of_ones_own();
    let builder = ClusterClient::builder(StaticWorkers::from_iter([addr]), client_config());
    let cluster = builder.with_connect_timeout(Duration::from_secs(10)).start();
    let client = WorkClient::new(cluster.channel(""));
    let mut early = tokio::spawn(client.name());
    assert!(timeout(Duration::from_millis(100), &mut early).await.is_err(), "its address is refused, and it waits");
    let worker = Worker::new("one");
    let _server = serve_at(&worker, addr).await;
    assert_eq!(within("an answer", early).await.expect("no panic").expect("a name"), "one");
}
