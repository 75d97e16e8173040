//! Which workers a client is connected to.

use rpcnet::ErrorKind;
use rpcnet_cluster::{ClusterClient, LoadBalancingStrategy, Tags, WorkerInfo, balance::Subset};
use tokio::sync::watch;

use crate::common::{id, within};
use crate::sources::{Fleet, info};
use crate::workers::{Seen, Worker, client_config, connected, rpc, serve_plain};

fn of_role(role: &str) -> Tags {
    Tags::default().with("role", role).expect("short")
}

#[tokio::test]
async fn a_worker_that_no_filter_names_any_more_is_left_and_connected_to_again_when_one_does() {
    let worker = Worker::new("one");
    let server = serve_plain(&worker).await;
    let mut known = info(&server);
    known.tags = of_role("worker");
    let (fleet, source) = watch::channel(vec![known]);
    let seen = Seen::new();
    let cluster = ClusterClient::builder(Fleet(source), client_config()).with_observer(seen.clone()).start();
    let client = connected(&cluster, "role=worker", 1).await;
    fleet.send_modify(|known| known[0].tags = of_role("idle"));
    seen.until("it is left", |seen| seen.disconnected.values().sum::<u32>() == 1).await;
    assert_eq!(rpc(client.name().await).kind(), ErrorKind::NoWorker);
    fleet.send_modify(|known| known[0].tags = of_role("worker"));
    within("another connection", cluster.channel("role=worker").ready()).await.expect("a filter");
    assert_eq!(client.name().await.expect("an answer"), "one");
    // And the first one is closed, so that nobody is left when this one goes.
    fleet.send_modify(|known| known[0].tags = of_role("idle"));
    server.stop_accepting();
    within("its client leaves", server.wait_for_in_flight()).await;
}

#[tokio::test]
async fn a_client_of_some_workers_is_connected_to_those_alone() {
    let worker = Worker::new("all");
    let server = serve_plain(&worker).await;
    const WORKERS: usize = 2 * Subset::WORKERS_MIN;
    let infos = (0..WORKERS).map(|index| WorkerInfo::new(id(&index.to_string()), server.local_addr()));
    let (_fleet, source) = watch::channel(infos.collect());
    let seen = Seen::new();
    let builder = ClusterClient::builder(Fleet(source), client_config()).with_observer(seen.clone());
    let builder = builder.with_strategy(LoadBalancingStrategy::RoundRobin);
    let cluster = builder.with_subset(Subset::new("client", 5)).start();
    let client = connected(&cluster, "", 5).await;
    for _ in 0..200 {
        client.name().await.expect("an answer");
    }
    assert_eq!((seen.now().connected.len(), seen.now().answered.len()), (5, 5));
    assert_eq!(cluster.workers().len(), WORKERS);
}
