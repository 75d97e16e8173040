//! What workers tell of their load with their answers.

use rpcnet_cluster::ClusterClient;

use crate::{
    common::{until, within},
    workers::{Worker, client_config, connected, listed, serve_plain},
};

#[tokio::test]
async fn a_client_learns_from_answers_what_other_clients_have_at_each_worker() {
    const CALLS: usize = 5;
    let (busy, idle) = (Worker::new("busy"), Worker::new("idle"));
    let (busy_server, idle_server) = (serve_plain(&busy).await, serve_plain(&idle).await);

    let other = ClusterClient::new(listed([(&busy, &busy_server)]), client_config());
    let other = connected(&other, "", 1).await;
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let other = other.clone();
            tokio::spawn(async move { other.wait().await })
        })
        .collect();
    until("they are under way", || busy.begun() == CALLS).await;

    let cluster = ClusterClient::new(listed([(&busy, &busy_server), (&idle, &idle_server)]), client_config());
    let client = connected(&cluster, "", 2).await;
    let told = || cluster.workers().iter().map(|worker| (worker.id().clone(), worker.calls_of_others())).collect();
    let at_busy: Vec<_> = told();
    assert!(at_busy.iter().all(|(_, others)| *others == 0), "nobody has answered yet: {at_busy:?}");
    // Whoever is chosen: in the end both are.
    while busy.begun() == CALLS || idle.begun() == 0 {
        within("an answer", client.name()).await.expect("it answers");
    }
    assert_eq!(told(), [(busy.id(), CALLS), (idle.id(), 0)]);

    busy.release(CALLS);
    for call in calls {
        within("its end", call).await.expect("no panic").expect("it is let go");
    }
    while told()[0].1 > 0 {
        within("an answer", client.name()).await.expect("it answers");
    }
}
