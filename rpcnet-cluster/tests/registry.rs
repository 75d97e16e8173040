//! Registries on real sockets: workers come, are selected, do badly, and go.

mod common;

use common::{all_alive, config, id, sees, start, within};
use rpcnet_cluster::{ClusterMembership, MemberState, NodeRegistry, SelectError, WorkerRegistry};

/// A director with a registry, and two workers: `one` in the zone `eu`, `two` in the zone `us`.
async fn pool() -> (ClusterMembership, WorkerRegistry, [ClusterMembership; 2]) {
    let director = start(config("director").with_tag("role", "director")).await;
    let registry = WorkerRegistry::new(director.clone());
    registry.start();
    let worker = async |name: &str, zone: &str| {
        let config = config(name).with_tag("role", "worker").with_tag("label", format!("worker {name}"));
        let node = start(config.with_tag("zone", zone).with_tag("capacity", "8")).await;
        within("joining", node.join([director.seed()])).await.expect("the director is there");
        node
    };
    let workers = [worker("one", "eu").await, worker("two", "us").await];
    all_alive(&director, 3).await;
    registered(&registry, |registry| registry.worker_count() == 2).await;
    (director, registry, workers)
}

/// Waits until the registry has followed.
async fn registered(registry: &WorkerRegistry, condition: impl Fn(&WorkerRegistry) -> bool) {
    common::until("the registry follows", || condition(registry)).await;
}

#[tokio::test]
async fn workers_are_selected_by_their_tags() {
    let (director, registry, workers) = pool().await;
    let worker = registry.select_worker("zone=us").expect("there is one");
    assert_eq!((worker.id(), worker.label(), worker.capacity()), (&id("two"), "worker two", 8));
    assert_eq!(worker.addr(), workers[1].view().local().expect("itself").addr());
    assert!(registry.select_worker(None).expect("any").label().starts_with("worker "));
    assert!(matches!(registry.select_worker("zone=mars"), Err(SelectError::NoMatch { workers: 2, .. })));
    assert!(matches!(registry.select_worker("zone="), Err(SelectError::Filter(_))));

    let nodes = NodeRegistry::new(director);
    assert_eq!((nodes.nodes().len(), nodes.node_count()), (3, 3));
    let directors = nodes.nodes_with_tag("role=director").expect("a filter");
    assert_eq!(directors.iter().map(|node| &node.id).collect::<Vec<_>>(), [&id("director")]);
}

#[tokio::test]
async fn a_worker_that_was_reported_or_is_degraded_comes_after_the_healthy_ones() {
    let (_director, registry, workers) = pool().await;
    registry.report_failure(&id("one"));
    assert_eq!(registry.select_worker("role=worker").expect("the other").id(), &id("two"));
    assert_eq!((registry.worker_count(), registry.healthy_count()), (2, 1));
    workers[1].set_degraded(true);
    registered(&registry, |registry| registry.healthy_count() == 0).await;
    assert_eq!(registry.select_worker("role=worker").expect("the lesser evil").id(), &id("two"));
    assert!(registry.workers().iter().all(|worker| worker.is_degraded() && !worker.is_healthy()));
}

#[tokio::test]
async fn a_worker_that_fails_leaves_the_registry_and_tags_decide_who_is_one() {
    let (director, registry, workers) = pool().await;
    let [one, two] = workers;
    drop(one);
    sees(&director, &id("one"), MemberState::Failed).await;
    registered(&registry, |registry| registry.worker_count() == 1).await;
    two.set_tag("role", "pensioner").expect("it is short");
    registered(&registry, |registry| registry.worker_count() == 0).await;
    assert!(registry.select_worker(None).is_err());
}

#[tokio::test]
async fn calls_under_way_are_counted() {
    let (_director, registry, _workers) = pool().await;
    let worker = registry.select_worker("zone=eu").expect("there is one");
    let calls = [worker.begin_call(), worker.begin_call()];
    let again = registry.select_worker("zone=eu").expect("there is one");
    assert_eq!(again.active_connections(), 2);
    drop(calls);
    assert_eq!(again.active_connections(), 0);
}
