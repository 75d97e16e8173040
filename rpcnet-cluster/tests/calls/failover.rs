//! Calls that survive their workers, on real sockets: workers that die, vanish, go away and come back.

use std::time::Duration;

use crate::common::{id, until, within};
use crate::workers::{Seen, WorkClient, Worker, client_config, connected, listed, rpc, serve_at, serve_plain};
use rpcnet::{ErrorKind, Executed, Server};
use rpcnet_cluster::{ClusterChannel, ClusterClient, LoadBalancingStrategy};
use tokio::task::JoinSet;

const PATIENT: Duration = Duration::from_secs(15);

/// So many workers, named `w0`, `w1`, and so on.
async fn fleet(size: usize) -> Vec<(Worker, Server)> {
    let mut fleet = Vec::new();
    for index in 0..size {
        let worker = Worker::new(&format!("w{index}"));
        let server = serve_plain(&worker).await;
        fleet.push((worker, server));
    }
    fleet
}

async fn client_of(fleet: &[(Worker, Server)]) -> (ClusterClient, WorkClient<ClusterChannel>, Seen) {
    let seen = Seen::new();
    let source = listed(fleet.iter().map(|(worker, server)| (worker, server)));
    let builder = ClusterClient::builder(source, client_config()).with_observer(seen.clone());
    let cluster = builder.with_strategy(LoadBalancingStrategy::RoundRobin).start();
    let client = connected(&cluster, "", fleet.len()).await;
    (cluster, client, seen)
}

/// Makes so many calls that wait, and lets them arrive.
async fn in_flight<T: Send + 'static>(
    fleet: &[(Worker, Server)],
    calls: usize,
    make: impl Fn() -> std::pin::Pin<Box<dyn Future<Output = T> + Send>>,
) -> JoinSet<T> {
    let mut made = JoinSet::new();
    for _ in 0..calls {
        made.spawn(make());
    }
    until("all calls arrive", || fleet.iter().map(|(worker, _)| worker.begun()).sum::<usize>() == calls).await;
    made
}

#[tokio::test]
async fn a_worker_that_dies_loses_no_idempotent_call() {
    const CALLS: usize = 40;
    let fleet = fleet(4).await;
    let (_cluster, client, seen) = client_of(&fleet).await;
    let mut calls = in_flight(&fleet, CALLS, || Box::pin(client.wait())).await;
    let lost = fleet[0].0.begun();
    assert!(lost > 0, "some are on the one that is to die");
    within("its end", fleet[0].1.stop()).await;
    until("they are made elsewhere", || fleet[1..].iter().map(|(worker, _)| worker.begun()).sum::<usize>() >= CALLS)
        .await;
    fleet.iter().for_each(|(worker, _)| worker.release(CALLS));
    while let Some(call) = within("an answer", calls.join_next()).await {
        assert_ne!(call.expect("no panic").expect("it is not lost"), "w0");
    }
    assert_eq!(seen.now().retries as usize, lost);
}

#[tokio::test]
async fn a_call_that_may_have_run_is_not_made_again_unless_it_is_idempotent_and_its_error_names_the_worker() {
    let fleet = fleet(2).await;
    let (_cluster, client, _) = client_of(&fleet).await;
    let mut calls = in_flight(&fleet, 2, || Box::pin(client.wait_once())).await;
    within("its end", fleet[0].1.stop()).await;
    let error = rpc(within("a failure", calls.join_next()).await.expect("two calls").expect("no panic"));
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
    assert_eq!(error.peer(), Some("w0"), "{error}");
    assert_eq!(fleet[1].0.begun(), 1);
    fleet[1].0.release(1);
    within("the other", calls.join_next()).await.expect("one more").expect("no panic").expect("it is well");
}

#[tokio::test]
async fn a_worker_whose_connection_is_lost_is_not_picked_any_more() {
    let fleet = fleet(2).await;
    let (_cluster, client, seen) = client_of(&fleet).await;
    within("its end", fleet[0].1.stop()).await;
    seen.until("the loss is noticed", |seen| seen.disconnected.contains_key("w0")).await;
    for _ in 0..20 {
        assert_eq!(client.name_once().await.expect("there is another"), "w1");
    }
    assert_eq!(seen.now().attempts, 20, "nobody was asked in vain");
}

#[tokio::test]
async fn a_worker_that_drains_fails_no_call_of_any_kind() {
    const CALLS: usize = 30;
    let fleet = fleet(3).await;
    let (_cluster, client, _) = client_of(&fleet).await;
    let mut waiting = in_flight(&fleet, CALLS, || Box::pin(client.wait_once())).await;
    let (shutdown, ()) = tokio::join!(within("a shutdown", fleet[0].1.shutdown(PATIENT)), async {
        for _ in 0..20 {
            client.name_once().await.expect("it goes elsewhere");
        }
        fleet.iter().for_each(|(worker, _)| worker.release(CALLS));
    });
    assert_eq!(shutdown, rpcnet::Shutdown::Complete);
    while let Some(call) = within("an answer", waiting.join_next()).await {
        call.expect("no panic").expect("it ends where it began");
    }
}

#[tokio::test]
async fn workers_that_are_restarted_one_after_the_other_fail_no_call_of_any_kind() {
    let mut fleet = fleet(3).await;
    let (_cluster, client, seen) = client_of(&fleet).await;
    let stop = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let load: Vec<_> = (0..8)
        .map(|_| {
            let (client, stop) = (client.clone(), std::sync::Arc::clone(&stop));
            tokio::spawn(async move {
                let mut calls = 0_u32;
                while !stop.is_closed() {
                    client.name_once().await?;
                    calls += 1;
                }
                Ok::<_, rpcnet::CallError<String>>(calls)
            })
        })
        .collect();
    for (index, (source, server)) in fleet.iter_mut().enumerate() {
        let name = format!("w{index}");
        let before = seen.now().connected.get(&name).copied().unwrap_or_default();
        let addr = server.local_addr();
        assert_eq!(within("a shutdown", server.shutdown(PATIENT)).await, rpcnet::Shutdown::Complete);
        *server = serve_at(source, addr).await;
        seen.until("it is back", |seen| seen.connected.get(&name).is_some_and(|times| *times > before)).await;
    }
    stop.close();
    for task in load {
        assert!(task.await.expect("no panic").expect("no call has failed") > 0);
    }
}

#[tokio::test]
async fn when_all_workers_are_gone_calls_fail_at_once_and_go_on_when_one_is_back() {
    let mut fleet = fleet(2).await;
    let (cluster, client, seen) = client_of(&fleet).await;
    let addr = fleet[0].1.local_addr();
    for (_, server) in &fleet {
        within("its end", server.stop()).await;
    }
    seen.until("both are lost", |seen| seen.disconnected.len() == 2).await;
    let error = rpc(within("a failure", client.name()).await);
    assert_eq!((error.kind(), error.executed()), (ErrorKind::NoWorker, Executed::No), "{error}");
    let asked = seen.now().attempts;
    for _ in 0..100 {
        assert_eq!(rpc(client.name().await).kind(), ErrorKind::NoWorker);
    }
    assert_eq!(seen.now().attempts, asked, "nobody is asked in vain");
    fleet[0].1 = serve_at(&fleet[0].0, addr).await;
    within("a worker", cluster.channel("").ready()).await.expect("a filter");
    assert_eq!(client.name().await.expect("it is back"), "w0");
}

#[tokio::test]
async fn a_call_waits_for_connections_that_are_being_made_for_the_first_time() {
    let fleet = fleet(1).await;
    let cluster = ClusterClient::new(listed([(&fleet[0].0, &fleet[0].1)]), client_config());
    let client = WorkClient::new(cluster.channel(None));
    assert_eq!(within("an answer", client.name()).await.expect("it waited"), "w0");
}

#[tokio::test]
async fn nobody_to_call_and_a_text_that_is_no_filter_are_told_apart() {
    let fleet = fleet(1).await;
    let (cluster, _, _) = client_of(&fleet).await;
    let error =
        within("a failure", cluster.call_worker("Work.name", "", "zone=mars")).await.expect_err("nobody matches");
    assert_eq!(error.kind(), ErrorKind::NoWorker);
    assert!(error.to_string().contains("zone=mars"), "{error}");
    let error = within("a failure", cluster.call_worker("Work.name", "", "zone=")).await.expect_err("no filter");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Configuration, Executed::No));
}

#[tokio::test]
async fn a_clients_connections_are_closed_when_it_and_its_channels_are_dropped() {
    let fleet = fleet(1).await;
    let (cluster, client, _) = client_of(&fleet).await;
    drop(cluster);
    assert_eq!(client.name().await.expect("a channel is enough"), "w0");
    drop(client);
    fleet[0].1.stop_accepting();
    within("the client leaves", fleet[0].1.wait_for_in_flight()).await;
}

#[tokio::test]
async fn a_key_keeps_its_worker_as_long_as_it_is_there() {
    let fleet = fleet(4).await;
    let (cluster, _, _) = client_of(&fleet).await;
    let client = WorkClient::new(cluster.channel("").with_affinity("user-7"));
    let name = client.name().await.expect("an answer");
    for _ in 0..20 {
        assert_eq!(client.name().await.expect("an answer"), name);
    }
    let (_, server) = fleet.iter().find(|(worker, _)| id(&name) == worker.id()).expect("one of them");
    within("its end", server.stop()).await;
    assert_ne!(client.name().await.expect("another one"), name);
}
