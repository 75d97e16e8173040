//! One node, in a process of its own: joins, and writes what it sees to its standard output, as JSON, a line for each
//! change.

use std::{error::Error, io::Write, net::SocketAddr};

use rpcnet::{Server, ServerConfig};
use rpcnet_cluster::{BulkService, ClusterConfig, ClusterKey, ClusterMembership, ServerBuilderExt};
use tokio::{
    io::AsyncReadExt,
    signal::unix::{SignalKind, signal},
};

/// The environment variable that holds the key: arguments are seen by everybody on a machine.
pub(crate) const KEY_VARIABLE: &str = "RPCNET_CLUSTER_KEY";

/// Runs a node: `ID RPC_ADDR GOSSIP_PORT [SEED]`.
pub(crate) async fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut argument = |what: &str| arguments.next().ok_or_else(|| format!("a node needs {what}"));
    let id = argument("a name")?;
    let rpc_addr: SocketAddr = argument("an address for calls")?.parse()?;
    let gossip_port: u16 = argument("a port for gossip")?.parse()?;
    let seed = argument("a seed").ok();
    let key: ClusterKey = std::env::var(KEY_VARIABLE)?.parse()?;

    let bulk = BulkService::new()?;
    let config = ServerConfig::development().with_bind_addr(rpc_addr).build()?;
    let server = Server::builder(config).cluster(&bulk).start().await?;
    let config = ClusterConfig::builder()
        .with_node_id(id)
        .with_bind_addr(server.local_addr())
        .with_gossip_port(gossip_port)
        .with_client_config(rpcnet::ClientConfig::development().build()?)
        .with_key(key)
        .with_seeds(seed)
        .build()?;
    let cluster = ClusterMembership::with_server(config, &bulk).await?;

    let mut terminated = signal(SignalKind::terminate())?;
    let mut parent = tokio::io::stdin();
    tokio::select! {
        result = report(&cluster) => result?,
        // The end of the input: whoever started this node is gone.
        _ = parent.read_u8() => {}
        _ = terminated.recv() => {}
    }
    cluster.leave().await?;
    server.stop().await;
    Ok(())
}

/// Writes each view.
async fn report(cluster: &ClusterMembership) -> Result<(), Box<dyn Error>> {
    let mut written = 0;
    loop {
        let view = cluster.wait_until(|view| view.version() != written).await?;
        written = view.version();
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&cluster.snapshot())?)?;
    }
}
