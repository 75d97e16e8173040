//! What a node costs when nothing happens: processor time, and traffic, of the real driver in a cluster of real nodes.
//!
//! ```text
//! cargo run --release -p rpcnet-cluster --example idle_cost -- --nodes 1000 --seconds 60
//! ```
//!
//! All nodes but one live in this process, each with its own socket, keys and driver; the one that is measured has a
//! process of its own, so that its processor time is its own. All is sealed. On a machine with few cores the crowd
//! takes most of the time; the measured node's share of it is what counts.

use std::{error::Error, io::Write, process::Stdio, time::Duration};

use clap::Parser;
use rpcnet::{Server, ServerConfig};
use rpcnet_cluster::{
    BulkService, ClusterConfig, ClusterConfigBuilder, ClusterKey, ClusterMembership, ServerBuilderExt,
};
use rustix::time::{ClockId, clock_gettime};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

#[derive(Parser)]
struct Arguments {
    /// How many nodes in all.
    #[arg(long, default_value_t = 1000)]
    nodes: usize,
    /// How long to measure, once all see all.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Where to join: makes this process the one that is measured.
    #[arg(long, hide = true)]
    seed: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    match &arguments.seed {
        // One thread, as a small service would have it.
        Some(seed) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measured(&arguments, seed))
        }
        None => tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(crowd(&arguments)),
    }
}

/// All nodes but one.
async fn crowd(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let (mut nodes, mut servers, mut seeds) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..arguments.nodes - 1 {
        let config = config(&format!("node-{index:05}"))?.with_seeds(&seeds);
        if index % NODES_FOR_EACH_SERVER == 0 {
            let bulk = BulkService::new()?;
            let server = Server::builder(ServerConfig::development().build()?).cluster(&bulk).start().await?;
            let config = config.with_bind_addr(server.local_addr()).with_gossip_port(0).build()?;
            nodes.push(ClusterMembership::with_server(config, &bulk).await?);
            servers.push(server);
        } else {
            nodes.push(ClusterMembership::new(config.build()?).await?);
        }
        if index % NODES_FOR_EACH_SERVER == 0 && seeds.len() < 10 {
            seeds.push(nodes[index].seed().to_string());
        }
        if index % 10 == 9 {
            // A crowd that starts at once is another measurement.
            write!(out, "\r{} nodes started   ", nodes.len())?;
            out.flush()?;
            sleep(Duration::from_secs(1)).await;
        }
    }
    let seed = seeds[0].clone();
    wait_for_all(&nodes, nodes.len(), &mut out).await?;
    let (nodes_text, seconds) = (arguments.nodes.to_string(), arguments.seconds.to_string());
    let child = Command::new(std::env::current_exe()?)
        .args(["--nodes", &nodes_text, "--seconds", &seconds, "--seed", &seed])
        .stdout(Stdio::inherit())
        .kill_on_drop(true)
        .spawn();
    let mut child = child?;
    wait_for_all(&nodes, arguments.nodes, &mut out).await?;
    let (start, cpu) = (Instant::now(), cpu_time());
    let exit = child.wait().await?;
    let share = (cpu_time() - cpu).as_secs_f64() / start.elapsed().as_secs_f64() / nodes.len() as f64;
    writeln!(out, "the others, on average: {:.3}% of a core", 100.0 * share)?;
    if exit.success() { Ok(()) } else { Err("the measured node failed".into()) }
}

/// The one that is measured.
async fn measured(arguments: &Arguments, seed: &str) -> Result<(), Box<dyn Error>> {
    let node = ClusterMembership::new(config("measured")?.with_seeds([seed]).build()?).await?;
    node.wait_until(|view| view.live_count() == arguments.nodes).await?;
    // What joining costs is another measurement.
    sleep(Duration::from_secs(10)).await;
    let (start, cpu, before) = (Instant::now(), cpu_time(), node.datagram_counters());
    let mut views = node.view().version();
    sleep(Duration::from_secs(arguments.seconds)).await;
    let (took, cpu, after) = (start.elapsed().as_secs_f64(), cpu_time() - cpu, node.datagram_counters());
    views = node.view().version() - views;
    writeln!(
        std::io::stdout(),
        "measured, {} of {} members alive: {:.3}% of a core; {:.1} datagrams a second out, {:.1} in, {} dropped; {views} changes of the view in {took:.0} s",
        node.visible_nodes().len(),
        node.node_count(),
        100.0 * cpu.as_secs_f64() / took,
        (after.sealed - before.sealed) as f64 / took,
        (after.opened - before.opened) as f64 / took,
        after.dropped() - before.dropped(),
    )?;
    Ok(())
}

fn config(id: &str) -> Result<ClusterConfigBuilder, Box<dyn Error>> {
    let client = rpcnet::ClientConfig::development().build()?;
    let key = ClusterKey::from_bytes([7; 32]);
    Ok(ClusterConfig::builder().with_node_id(id).with_key(key).with_client_config(client))
}

async fn wait_for_all(nodes: &[ClusterMembership], count: usize, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    loop {
        let ready = nodes.iter().filter(|node| node.node_count() == count).count();
        write!(out, "\r{ready} of {} nodes see all {count}   ", nodes.len())?;
        out.flush()?;
        if ready == nodes.len() {
            writeln!(out)?;
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            let views = nodes.iter().map(|node| (node.local_node_id(), node.node_count(), node.datagram_counters()));
            let few: Vec<_> = views.filter(|(_, seen, _)| *seen != count).take(3).collect();
            let gone: Vec<_> = nodes[0].nodes().iter().filter(|node| !node.is_visible()).take(3).cloned().collect();
            return Err(format!("within {PATIENCE:?}, not all see all: {few:?}; the seed sees {gone:?}").into());
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Nodes that serve no calls ask one that does for large state.
const NODES_FOR_EACH_SERVER: usize = 25;
/// For all nodes to see all.
const PATIENCE: Duration = Duration::from_secs(300);

/// Processor time of this process, all threads.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
