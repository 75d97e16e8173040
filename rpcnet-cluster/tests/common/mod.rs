//! Nodes on real sockets of this machine.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    future::Future,
    net::SocketAddr,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use rpcnet::{Server, ServerConfig};
use rpcnet_cluster::{
    BulkService, ClusterConfig, ClusterConfigBuilder, ClusterEvent, ClusterKey, ClusterMembership, Events, MemberState,
    NodeId, Profile, ServerBuilderExt,
};

/// A node's configuration: fast, sealed, on a port that the system chooses.
pub fn config(id: &str) -> ClusterConfigBuilder {
    keyless(id).with_key(key(1))
}

/// The same without a key.
pub fn keyless(id: &str) -> ClusterConfigBuilder {
    ClusterConfig::builder()
        .with_node_id(id)
        .with_profile(Profile::Local)
        .with_client_config(rpcnet::ClientConfig::development().build().expect("a valid configuration"))
}

pub fn key(seed: u8) -> ClusterKey {
    ClusterKey::from_bytes([seed; 32])
}

pub fn id(id: &str) -> NodeId {
    NodeId::new(id).expect("a name")
}

pub async fn start(builder: ClusterConfigBuilder) -> ClusterMembership {
    ClusterMembership::new(builder.build().expect("a valid configuration")).await.expect("a free port")
}

/// A node with an RPC server.
pub async fn serve(builder: ClusterConfigBuilder) -> (ClusterMembership, Server, BulkService) {
    let bulk = BulkService::new().expect("random bytes");
    let server = Server::builder(ServerConfig::development().build().expect("a valid configuration"));
    let server = server.cluster(&bulk).start().await.expect("a free port");
    let config = builder.with_bind_addr(server.local_addr()).with_gossip_port(0).build().expect("valid");
    let cluster = ClusterMembership::with_server(config, &bulk).await.expect("a free port");
    (cluster, server, bulk)
}

/// Nodes that are one cluster: `node-0` is the seed of all others.
pub async fn cluster(size: usize) -> Vec<ClusterMembership> {
    let mut nodes = vec![start(config("node-0")).await];
    for index in 1..size {
        let node = start(config(&format!("node-{index}"))).await;
        within("joining", node.join([nodes[0].seed()])).await.expect("the seed is there");
        nodes.push(node);
    }
    for node in &nodes {
        all_alive(node, size).await;
    }
    nodes
}

/// Waits until a node sees so many others alive, itself among them.
pub async fn all_alive(node: &ClusterMembership, size: usize) {
    let seen = node.wait_until(|view| view.live().filter(|node| node.is_visible()).count() == size);
    within(&format!("{} sees {size}", node.local_node_id()), seen).await.expect("it has not left");
}

/// Waits until a node sees another in a state.
pub async fn sees(node: &ClusterMembership, other: &NodeId, state: MemberState) {
    let seen = node.wait_until(|view| view.get(other).is_some_and(|other| other.state() == state));
    within(&format!("{} sees {other} as {state:?}", node.local_node_id()), seen).await.expect("it has not left");
}

/// The next event that `wanted` takes.
pub async fn event<T>(what: &str, events: &mut Events, mut wanted: impl FnMut(ClusterEvent) -> Option<T>) -> T {
    let next = async {
        loop {
            let event = events.recv().await.expect("the node lives");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    within(what, next).await
}

/// Waits for what no event tells, by looking again each millisecond: whoever spins takes the processor from those who are
/// waited for.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    within(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// Fails a test that waits in vain.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(20), future).await {
        Ok(value) => value,
        Err(_) => panic!("in vain: {what}"),
    }
}

/// An address that can be let go of and taken again: no other process has its IP address, and nobody is given its port who
/// asks for any.
pub fn addr_of_ones_own() -> SocketAddr {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    // All of 127.0.0.0/8 leads here on Linux; elsewhere the port alone must do.
    let ip = if cfg!(target_os = "linux") { [127, high | 0x80, middle, low] } else { [127, 0, 0, 1] };
    (ip, 7_900 + GIVEN.fetch_add(1, Ordering::Relaxed)).into()
}
