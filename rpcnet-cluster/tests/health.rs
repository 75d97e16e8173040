//! The health of nodes on real sockets: measured, judged by tags, and told by the program itself.

mod common;

use common::{cluster, config, id, start, until, within};
use rpcnet_cluster::{ClusterEvent, HealthCheckConfig, HealthChecker, Quorum};

#[tokio::test]
async fn a_watched_node_has_heartbeats_and_a_phi_below_its_threshold() {
    let nodes = cluster(2).await;
    let health = HealthChecker::new(nodes[0].clone());
    let watched = within("two heartbeats", async {
        loop {
            let watched = health.watched().await;
            if watched.first().is_some_and(|watched| watched.heartbeats.len() >= 3) {
                return watched;
            }
            tokio::task::yield_now().await;
        }
    });
    let watched = watched.await;
    assert_eq!((watched.len(), &watched[0].node.id), (1, &id("node-1")));
    assert!(watched[0].phi.is_some_and(|phi| phi < watched[0].phi_threshold), "{watched:?}");
    let own = health.check(&id("node-0")).await.expect("every node knows itself");
    assert_eq!((own.phi, own.heartbeats.len()), (None, 0));
    assert_eq!(health.check(&id("nobody")).await, None);
}

#[tokio::test]
async fn a_threshold_for_a_tag_is_the_one_of_the_nodes_that_have_it() {
    let slow = HealthCheckConfig::default().with_phi_threshold_for("line", "slow", 20.0);
    let node = start(config("node").with_health_check(slow)).await;
    let fast = start(config("fast").with_seeds([node.seed().to_string()])).await;
    let slow = start(config("slow").with_tag("line", "slow").with_seeds([node.seed().to_string()])).await;
    common::all_alive(&node, 3).await;
    let health = HealthChecker::new(node);
    let threshold = async |other: &rpcnet_cluster::ClusterMembership| {
        health.check(other.local_node_id()).await.map(|health| health.phi_threshold)
    };
    assert_eq!((threshold(&fast).await, threshold(&slow).await), (Some(8.0), Some(20.0)));
}

#[tokio::test]
async fn a_node_is_degraded_while_any_part_of_its_program_is_unwell() {
    let nodes = cluster(2).await;
    let (own, other) = (HealthChecker::new(nodes[0].clone()), HealthChecker::new(nodes[1].clone()));
    let mut events = nodes[1].subscribe();
    own.report("disk", false);
    own.report("database", false);
    own.report("database", true);
    until("it is degraded", || other.degraded().iter().any(|node| node.id == id("node-0"))).await;
    assert_eq!((own.unwell(), other.healthy().len(), other.failed().len()), (vec!["disk".to_owned()], 1, 0));
    own.report("disk", true);
    until("it is well again", || other.healthy().len() == 2).await;
    let event = within("an event", events.recv()).await.expect("the node lives");
    assert!(matches!(event, ClusterEvent::NodeUpdated(_)), "nobody suspected it: {event:?}");
}

#[tokio::test]
async fn a_quorum_is_lost_with_the_nodes_that_make_it_up_and_waited_for_until_they_are_back() {
    let mut nodes = cluster(3).await;
    let quorum = Quorum::majority_of(3);
    drop(nodes.pop());
    assert!(nodes[0].has_quorum(quorum), "two of three");
    drop(nodes.pop());
    let lost = nodes[0].wait_until(|view| view.live().filter(|node| node.is_visible()).count() == 1);
    within("the others are gone", lost).await.expect("it has not left");
    assert!(!nodes[0].has_quorum(quorum));
    let again = start(config("another").with_seeds([nodes[0].seed().to_string()])).await;
    within("a quorum", nodes[0].wait_for_quorum(quorum)).await.expect("it has not left");
    assert!(again.has_quorum(quorum) || again.wait_for_quorum(quorum).await.is_ok());
}
