//! Who is in the cluster, on real sockets: joining, changing, leaving, failing, and coming back.

mod common;

use std::{net::SocketAddr, sync::Arc};

use common::{addr_of_ones_own, all_alive, cluster, config, event, id, sees, start, within};
use rpcnet::{Server, ServerConfig};
use rpcnet_cluster::{
    BulkService, ClusterConfigBuilder, ClusterEvent, ClusterMembership, ClusterSnapshot, JoinError, LeftError,
    MemberState, Node, Quorum, ServerBuilderExt as _,
};

#[tokio::test]
async fn five_nodes_form_a_cluster_from_one_seed() {
    let nodes = cluster(5).await;
    for node in &nodes {
        assert_eq!(node.node_count(), 5);
        assert!(node.has_quorum(Quorum::majority_of(5)));
        let names: Vec<_> = node.members().iter().map(|node| node.id.to_string()).collect();
        assert_eq!(names, ["node-0", "node-1", "node-2", "node-3", "node-4"]);
    }
}

#[tokio::test]
async fn a_tag_that_is_set_is_seen_by_the_others_and_told_by_an_event() {
    let nodes = cluster(3).await;
    let mut events = nodes[2].subscribe();
    nodes[0].set_tag("zone", "eu").expect("it is short");
    assert_eq!(nodes[0].get_tag("zone").as_deref(), Some("eu"));
    let updated = event("an update", &mut events, |event| match event {
        ClusterEvent::NodeUpdated(node) if node.id == id("node-0") => Some(node),
        _ => None,
    });
    assert_eq!(updated.await.tags.get("zone"), Some("eu"));
    assert_eq!(nodes[2].view().get(&id("node-0")).and_then(|node| node.tags.get("zone")), Some("eu"));
    nodes[0].remove_tag("zone");
    let gone = nodes[1].wait_until(|view| view.get(&id("node-0")).is_some_and(|node| node.tags.get("zone").is_none()));
    within("the tag is gone", gone).await.expect("it has not left");
}

#[tokio::test]
async fn a_node_that_leaves_has_left_and_not_failed() {
    let nodes = cluster(3).await;
    let mut events = nodes[0].subscribe();
    nodes[2].leave().await.expect("it is a member");
    let ended = event("an end", &mut events, |event| match event {
        ClusterEvent::NodeLeft(node) => Some((node, "left")),
        ClusterEvent::NodeFailed(node) => Some((node, "failed")),
        _ => None,
    });
    let (node, how) = ended.await;
    assert_eq!((&node.id, how), (&id("node-2"), "left"));
    sees(&nodes[1], &id("node-2"), MemberState::Left).await;
    assert_eq!(nodes[2].leave().await, Err(LeftError));
    assert!(within("the end of its events", async { nodes[2].subscribe().recv().await }).await.is_none());
    assert!(matches!(nodes[2].join([nodes[0].seed()]).await, Err(JoinError::Left(_))));
}

#[tokio::test]
async fn a_node_that_falls_silent_fails() {
    let mut nodes = cluster(3).await;
    let mut events = nodes[0].subscribe();
    drop(nodes.pop());
    let mut seen = Vec::new();
    let failed = event("a failure", &mut events, |event| {
        match &event {
            ClusterEvent::NodeSuspect(node, phi) => seen.push((node.id.clone(), *phi > 0.0)),
            ClusterEvent::NodeFailed(node) => return Some(node.id.clone()),
            _ => {}
        }
        None
    })
    .await;
    assert_eq!(failed, id("node-2"));
    assert!(seen.contains(&(id("node-2"), true)), "it was suspected first: {seen:?}");
    let failed = within("the same by the view", nodes[1].wait_for_failure(&id("node-2"))).await;
    assert_eq!(failed.expect("it has not left").state(), MemberState::Failed);
    assert_eq!((nodes[0].node_count(), nodes[0].nodes().len()), (2, 3));
}

#[tokio::test]
async fn a_node_that_restarts_at_its_address_is_a_new_run_of_the_same_node() {
    let (nodes, addr) = (cluster(2).await, addr_of_ones_own());
    let node = start(at(addr, config("node-2"))).await;
    within("joining", node.join([nodes[0].seed()])).await.expect("the seed is there");
    all_alive(&nodes[0], 3).await;
    let first = nodes[0].view().get(&id("node-2")).expect("it is a member").generation;
    drop(node);
    let again = within("the old driver ends and frees the port", async {
        loop {
            match ClusterMembership::new(at(addr, config("node-2")).build().expect("valid")).await {
                Ok(node) => break node,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    assert_eq!(again.gossip_addr(), addr);
    within("joining", again.join([nodes[0].seed()])).await.expect("the seed is there");
    let is_new = nodes[1]
        .wait_until(|view| view.get(&id("node-2")).is_some_and(|node| node.generation > first && node.is_visible()));
    within("the new run is seen", is_new).await.expect("it has not left");
    all_alive(&again, 3).await;
}

#[tokio::test]
async fn a_node_whose_seed_is_not_there_yet_joins_when_it_is() {
    let addr = addr_of_ones_own();
    let nobody = tokio::net::UdpSocket::bind(addr).await.expect("nobody else takes it");
    let early = start(config("early").with_seeds([format!("gossip://{addr}")])).await;
    within("it asks for its seed", nobody.recv(&mut [0; 1500])).await.expect("a datagram");
    drop(nobody);
    let _seed = start(at(addr, config("seed"))).await;
    all_alive(&early, 2).await;
    let port = early.gossip_addr().port();
    let by_name = start(config("late").with_seeds([format!("gossip://localhost:{port}")])).await;
    all_alive(&by_name, 3).await;
}

fn at(addr: SocketAddr, config: ClusterConfigBuilder) -> ClusterConfigBuilder {
    config.with_bind_addr(SocketAddr::new(addr.ip(), 0)).with_gossip_port(addr.port())
}

#[tokio::test]
async fn a_subscriber_that_lags_behind_gets_the_whole_state_and_never_a_silent_gap() {
    let seed = start(config("seed").with_events_max(16)).await;
    let other = start(config("other")).await;
    within("joining", other.join([seed.seed()])).await.expect("the seed is there");
    let mut events = seed.subscribe();
    for value in 0..100 {
        let value = value.to_string();
        other.set_tag("value", &value).expect("it is short");
        let seen =
            seed.wait_until(|view| view.get(&id("other")).is_some_and(|node| node.tags.get("value") == Some(&value)));
        within("the tag", seen).await.expect("it has not left");
    }
    let first = within("an event", events.recv()).await.expect("the node lives");
    let ClusterEvent::Resync(view) = first else { panic!("a gap before {first:?}") };
    assert_eq!(view.get(&id("other")).and_then(|node| node.tags.get("value")), Some("99"));
}

#[tokio::test]
async fn heartbeats_of_watched_nodes_are_measured() {
    let nodes = cluster(2).await;
    let other = id("node-1");
    let mut history = Vec::new();
    within("two heartbeats", async {
        while history.len() < 2 {
            history = nodes[0].heartbeat_history(&other).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    let phi = nodes[0].phi(&other).await.expect("it is watched");
    assert!((0.0..8.0).contains(&phi), "{phi}");
    assert_eq!(nodes[0].phi(&id("nobody")).await, None);
}

#[tokio::test]
async fn a_snapshot_goes_to_json_and_back_and_knows_whom_to_join_by() {
    let nodes = cluster(3).await;
    nodes[0].set_tag("role", "director").expect("it is short");
    within("its own tag", nodes[0].wait_until(|view| view.local().is_some_and(|node| node.tags.get("role").is_some())))
        .await
        .expect("it has not left");
    let snapshot = nodes[0].snapshot();
    let again = ClusterSnapshot::from_json(&snapshot.to_json()).expect("it is one");
    assert_eq!(again, snapshot);
    assert_eq!((again.nodes.len(), again.nodes[0].tags["role"].as_str()), (3, "director"));
    let late = start(config("late")).await;
    within("joining", late.join(again.seeds())).await.expect("one of them is there");
    all_alive(&nodes[0], 4).await;
}

#[tokio::test]
async fn a_node_alone_has_nobody_to_resync_with_and_keeps_no_quorum() {
    let node = start(config("alone")).await;
    assert!(node.resync().await.is_err());
    assert!(!node.has_quorum(Quorum::majority_of(2)));
    assert_eq!(node.visible_nodes().len(), 1);
}

/// A socket that takes both families reaches members of either.
#[tokio::test]
async fn nodes_that_advertise_addresses_of_two_families_are_one_cluster() {
    let (bulk, config) = (BulkService::new().expect("random bytes"), |id| config(id).with_bind_addr("[::]:0"));
    let server = Server::builder(ServerConfig::development().build().expect("valid")).cluster(&bulk);
    let server = server.start().await.expect("a free port");
    let four = config("four").with_advertise_addr(server.local_addr()).build().expect("valid");
    let four = ClusterMembership::with_server(four, &bulk).await.expect("a free port");
    // Port 1 is nobody's: it is where they would take calls.
    let six = start(config("six").with_advertise_addr("[::1]:1")).await;
    let late = start(config("late").with_advertise_addr("127.0.0.1:1")).await;
    within("joining by IPv4", six.join([four.seed()])).await.expect("the seed is there");
    within("joining by IPv6", late.join([six.seed()])).await.expect("the seed is there");
    for node in [&four, &six, &late] {
        all_alive(node, 3).await;
        let is_ipv6 = |node: &Arc<Node>| (node.id.to_string(), node.gossip_address.is_ipv6());
        let families: Vec<_> = node.members().iter().map(is_ipv6).collect();
        assert_eq!(families, [("four".into(), false), ("late".into(), false), ("six".into(), true)]);
    }
    // Each hears the heartbeats of the others, of whichever family.
    for (node, other) in [(&four, "six"), (&six, "four"), (&late, "six")] {
        within("two heartbeats", async {
            while node.heartbeat_history(&id(other)).await.len() < 4 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
