//! The bulk channel: joining by an RPC address, fetching state, and who gets none.

mod common;

use common::{all_alive, config, id, key, keyless, serve, start, until, within};
use rpcnet::{Client, ClientConfig, ErrorKind};
use rpcnet_cluster::{ClusterMembership, ServerBuilderExt as _};

#[tokio::test]
async fn a_node_joins_by_an_rpc_address_and_learns_the_gossip_address_over_quic() {
    let (seed, server, _bulk) = serve(config("seed")).await;
    assert_ne!(seed.gossip_addr().port(), server.local_addr().port() + 1, "the guess would be wrong");
    let node = start(config("node")).await;
    within("joining", node.join([server.local_addr()])).await.expect("the seed is there");
    all_alive(&node, 2).await;
    all_alive(&seed, 2).await;
}

#[tokio::test]
async fn a_node_without_a_server_fetches_the_state_of_a_cluster_that_does_not_fit_a_datagram() {
    let (seed, server, _bulk) = serve(config("seed")).await;
    let mut nodes = Vec::new();
    for index in 0..12 {
        let config = config(&format!("node-{index:02}")).with_tag("filling", "x".repeat(300));
        let node = start(config).await;
        within("joining", node.join([seed.seed()])).await.expect("the seed is there");
        nodes.push(node);
    }
    all_alive(&seed, 13).await;
    let late = start(config("late")).await;
    within("joining", late.join([server.local_addr()])).await.expect("the seed is there");
    // The answer that made it a member had everybody in it.
    assert_eq!(late.node_count(), 14);
    assert!(late.members().iter().filter(|node| node.tags.get("filling").is_some()).count() == 12);
    within("another look", late.resync()).await.ok();
}

#[tokio::test]
async fn tags_too_large_for_gossip_reach_the_others_all_the_same() {
    let (seed, _server, _bulk) = serve(config("seed")).await;
    let (node, _node_server, _node_bulk) = serve(config("node").with_seeds([seed.seed().to_string()])).await;
    all_alive(&seed, 2).await;
    node.set_tag("large", &"x".repeat(5000)).expect("it is below the limit");
    let seen = seed.wait_until(|view| view.get(&id("node")).is_some_and(|node| node.tags.get("large").is_some()));
    within("the tag", seen).await.expect("it has not left");
}

#[tokio::test]
async fn whoever_lacks_the_key_gets_no_state_and_is_counted() {
    let (seed, server, bulk) = serve(config("seed")).await;
    let client = Client::connect(server.local_addr(), ClientConfig::development().build().expect("valid")).await;
    let client = client.expect("TLS lets everybody in");
    for message in [&b""[..], b"hello", &[0x19; 100], &[0x11; 100]] {
        let error = client.call("rpcnet.cluster.bulk", message).await.expect_err("a stranger");
        assert_eq!((error.kind(), &error.body()[..]), (ErrorKind::Application, &b"refused"[..]));
    }
    assert_eq!(bulk.refused(), 4);
    let foreign = start(keyless("foreign").with_key(key(2)).with_seeds([server.local_addr().to_string()])).await;
    until("its hello is refused", || bulk.refused() > 4).await;
    assert_eq!((seed.node_count(), foreign.node_count()), (1, 1));
}

#[tokio::test]
async fn a_service_that_has_no_node_yet_says_so() {
    let bulk = rpcnet_cluster::BulkService::new().expect("random bytes");
    let config = rpcnet::ServerConfig::development().build().expect("valid");
    let server = rpcnet::Server::builder(config).cluster(&bulk).start().await.expect("a free port");
    let client = Client::connect(server.local_addr(), ClientConfig::development().build().expect("valid")).await;
    let error = client.expect("it is there").call("rpcnet.cluster.bulk", "x").await.expect_err("no node");
    assert_eq!(error.body(), "not a member yet");
}

#[tokio::test]
async fn resync_fetches_the_state_from_a_member_that_serves() {
    let (seed, server, _bulk) = serve(config("seed")).await;
    let node: ClusterMembership = start(config("node")).await;
    within("joining", node.join([server.local_addr()])).await.expect("the seed is there");
    all_alive(&seed, 2).await;
    within("a resync", node.resync()).await.expect("the seed serves");
    assert!(seed.resync().await.is_err(), "the other one serves no calls");
}
