//! Workers that fall silent: the path to them swallows everything, or nobody listens at their port any more.

use std::time::Duration;

use crate::common::{until, within};
use crate::proxy::Proxy;
use crate::workers::{Seen, WorkClient, Worker, client_config, connected, serve_plain};
use rpcnet::Server;
use rpcnet_cluster::{ClusterChannel, ClusterClient, StaticWorkers, WorkerInfo};
use tokio::task::JoinSet;

/// Four workers, the first one behind a proxy.
async fn fleet(hedging: bool) -> (Vec<(Worker, Server)>, Proxy, WorkClient<ClusterChannel>, Seen) {
    let mut fleet = Vec::new();
    for index in 0..4 {
        let worker = Worker::new(&format!("w{index}"));
        let server = serve_plain(&worker).await;
        fleet.push((worker, server));
    }
    let proxy = Proxy::to(fleet[0].1.local_addr());
    let mut infos: Vec<_> =
        fleet.iter().map(|(worker, server)| WorkerInfo::new(worker.id(), server.local_addr())).collect();
    infos[0].addr = proxy.addr();
    let seen = Seen::new();
    let builder = ClusterClient::builder(StaticWorkers::new(infos), client_config()).with_observer(seen.clone());
    let cluster = builder.with_hedging(hedging).start();
    let client = connected(&cluster, "", 4).await;
    (fleet, proxy, client, seen)
}

/// Lets calls wait at all workers.
async fn waiting(fleet: &[(Worker, Server)], client: &WorkClient<ClusterChannel>, calls: usize) -> JoinSet<String> {
    let mut waiting = JoinSet::new();
    for _ in 0..calls {
        let call = client.wait();
        waiting.spawn(async move { call.await.expect("no call is lost") });
    }
    until("all calls arrive", || fleet.iter().map(|(worker, _)| worker.begun()).sum::<usize>() == calls).await;
    assert!(fleet[0].0.begun() > 0, "some are on the one that falls silent");
    waiting
}

async fn all_end_elsewhere(fleet: &[(Worker, Server)], mut calls: JoinSet<String>, count: usize) {
    let elsewhere = || fleet[1..].iter().map(|(worker, _)| worker.begun()).sum::<usize>();
    until("all are made elsewhere", || elsewhere() >= count).await;
    fleet[1..].iter().for_each(|(worker, _)| worker.release(count));
    while let Some(name) = within("an answer", calls.join_next()).await {
        assert_ne!(name.expect("no call is lost"), "w0");
    }
}

#[tokio::test]
async fn calls_to_a_worker_that_is_swallowed_are_made_elsewhere() {
    const CALLS: usize = 24;
    let (fleet, proxy, client, seen) = fleet(false).await;
    let calls = waiting(&fleet, &client, CALLS).await;
    proxy.swallow(true);
    all_end_elsewhere(&fleet, calls, CALLS).await;
    seen.until("it is not picked any more", |seen| seen.disconnected.contains_key("w0")).await;
    let attempts = seen.now().attempts;
    for _ in 0..20 {
        assert_ne!(client.name_once().await.expect("there are others"), "w0");
    }
    assert_eq!(seen.now().attempts, attempts + 20);
}

#[tokio::test]
async fn calls_to_a_worker_whose_port_is_dead_are_made_elsewhere() {
    const CALLS: usize = 24;
    let (fleet, proxy, client, _) = fleet(false).await;
    let calls = waiting(&fleet, &client, CALLS).await;
    drop(proxy);
    all_end_elsewhere(&fleet, calls, CALLS).await;
}

#[tokio::test]
async fn a_worker_that_is_swallowed_comes_back() {
    let (fleet, proxy, client, seen) = fleet(false).await;
    let calls = waiting(&fleet, &client, 8).await;
    proxy.swallow(true);
    all_end_elsewhere(&fleet, calls, 8).await;
    seen.until("it is missed", |seen| seen.disconnected.contains_key("w0")).await;
    proxy.swallow(false);
    seen.until("it is back", |seen| seen.connected.get("w0") == Some(&2)).await;
    let is_called = async { while client.name().await.expect("an answer") != "w0" {} };
    within("it is called again, though calls have waited long on it", is_called).await;
}

#[tokio::test]
async fn hedged_calls_do_not_wait_for_a_worker_that_is_swallowed() {
    let (_fleet, proxy, client, seen) = fleet(true).await;
    // Enough that it is known what is slow.
    for _ in 0..400 {
        client.name().await.expect("an answer");
    }
    let client = client.with_deadline(Duration::from_secs(15));
    proxy.swallow(true);
    let mut calls = JoinSet::new();
    for _ in 0..64 {
        calls.spawn(client.name());
    }
    while let Some(call) = within("an answer", calls.join_next()).await {
        call.expect("no panic").expect("no call is lost");
    }
    assert!(seen.now().hedges > 0, "{:?}", seen.now());
}
