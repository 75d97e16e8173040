//! What a node costs when nothing happens: processor time, and traffic, of the real driver in a cluster of any size.
//!
//! ```text
//! cargo run --release -p rpcnet-cluster --example idle_cost -- --nodes 1000 --seconds 60
//! ```
//!
//! The node that is measured has a process of its own, so that its processor time is its own. All others are stand-ins with
//! a socket and keys each, which answer and ask it as healthy members would, and do nothing else: a thousand real
//! nodes on a few cores would be busy with each other, late, and in doubt of each other. All is sealed.

use std::{
    error::Error,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use rpcnet_cluster::{ClusterConfig, ClusterKey, ClusterMembership, membership::Record, simulation::StandIn};
use rustix::time::{ClockId, clock_gettime};
use tokio::{
    net::UdpSocket,
    process::Command,
    sync::{Mutex, mpsc},
    time::{Instant, MissedTickBehavior, interval, sleep},
};

#[derive(Parser)]
struct Arguments {
    /// How many nodes in all.
    #[arg(long, default_value_t = 1000)]
    nodes: usize,
    /// How long to measure, once all are known and the news of them has gone round.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Where to join: makes this process the one that is measured.
    #[arg(long, hide = true)]
    seed: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    // One thread, as a small service would have it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &arguments.seed {
        Some(seed) => runtime.block_on(measured(&arguments, seed)),
        None => runtime.block_on(crowd(&arguments)),
    }
}

/// One of all others.
struct Other {
    socket: UdpSocket,
    stand_in: Mutex<StandIn>,
}

/// All nodes but one.
async fn crowd(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let (start, mut others) = (Instant::now(), Vec::new());
    for index in 0..arguments.nodes.saturating_sub(1) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let stand_in = StandIn::new(u32::try_from(index)?, socket.local_addr()?, key());
        others.push(Arc::new(Other { socket, stand_in: Mutex::new(stand_in) }));
    }
    let first = others.first().ok_or("a cluster has two nodes at least")?;
    let seed = format!("gossip://{}", first.socket.local_addr()?);
    let (joiner, mut joined) = mpsc::channel(100);
    for other in &others {
        tokio::spawn(answer(Arc::clone(other), start, joiner.clone()));
    }
    let (nodes, seconds) = (arguments.nodes.to_string(), arguments.seconds.to_string());
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--nodes", &nodes, "--seconds", &seconds, "--seed", &seed])
        .stdout(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?;
    let node = joined.recv().await.ok_or("nobody joined")?;
    introduce(&others, start, node).await?;
    let asking = tokio::spawn(ask(others, start, node));
    let exit = child.wait().await?;
    asking.abort();
    if exit.success() { Ok(()) } else { Err("the measured node failed".into()) }
}

/// Answers for one of the others.
async fn answer(other: Arc<Other>, start: Instant, joiner: mpsc::Sender<SocketAddr>) {
    let mut buffer = [0; 1500];
    loop {
        let Ok((bytes, from)) = other.socket.recv_from(&mut buffer).await else { continue };
        let (answer, joins) = other.stand_in.lock().await.handle(start.elapsed(), from, &mut buffer[..bytes]);
        if let Some((to, datagram)) = answer {
            // Lost, as it may be.
            let _ = other.socket.send_to(&datagram, to).await;
        }
        if joins {
            let _ = joiner.try_send(from);
        }
    }
}

/// Tells the measured node of all others.
async fn introduce(others: &[Arc<Other>], start: Instant, node: SocketAddr) -> Result<(), Box<dyn Error>> {
    let mut records: Vec<Record> = Vec::with_capacity(others.len());
    for other in others {
        records.push(other.stand_in.lock().await.record().clone());
    }
    let Some(first) = others.first() else { return Ok(()) };
    // Twice, in case one is lost.
    for some in records.chunks(RECORDS_IN_A_DATAGRAM).chain(records.chunks(RECORDS_IN_A_DATAGRAM)) {
        let datagram = first.stand_in.lock().await.introduce(start.elapsed(), node, some);
        if let Some((to, datagram)) = datagram {
            first.socket.send_to(&datagram, to).await?;
        }
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Asks the measured node as the others would: four each second that watch it, and one by its turn.
async fn ask(others: Vec<Arc<Other>>, start: Instant, node: SocketAddr) {
    let mut ticks = interval(Duration::from_secs(1) / (WATCHERS + 1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 0.. {
        ticks.tick().await;
        let (second, place) = (tick / (WATCHERS as usize + 1), tick % (WATCHERS as usize + 1));
        let index = if place == 0 { second } else { place };
        let other = &others[index % others.len()];
        if let Some((to, datagram)) = other.stand_in.lock().await.ping(start.elapsed(), node) {
            // Lost, as it may be.
            let _ = other.socket.send_to(&datagram, to).await;
        }
    }
}

/// The one that is measured.
async fn measured(arguments: &Arguments, seed: &str) -> Result<(), Box<dyn Error>> {
    let client = rpcnet::ClientConfig::development().build()?;
    let config = ClusterConfig::builder().with_node_id("measured").with_key(key()).with_client_config(client);
    let node = ClusterMembership::new(config.with_seeds([seed]).build()?).await?;
    node.wait_until(|view| view.live_count() == arguments.nodes).await?;
    // What joining costs is another measurement, and so is what it costs to pass the news on.
    sleep(Duration::from_secs(30)).await;
    let (start, cpu, before) = (Instant::now(), cpu_time(), node.datagram_counters());
    let mut views = node.view().version();
    sleep(Duration::from_secs(arguments.seconds)).await;
    let (took, cpu, after) = (start.elapsed().as_secs_f64(), cpu_time() - cpu, node.datagram_counters());
    views = node.view().version() - views;
    writeln!(
        std::io::stdout(),
        "{} of {} members alive: {:.3}% of a core; {:.1} datagrams a second out, {:.1} in, {} dropped; {views} changes of the view in {took:.0} s",
        node.visible_nodes().len(),
        node.node_count(),
        100.0 * cpu.as_secs_f64() / took,
        (after.sealed - before.sealed) as f64 / took,
        (after.opened - before.opened) as f64 / took,
        after.dropped() - before.dropped(),
    )?;
    Ok(())
}

fn key() -> ClusterKey {
    ClusterKey::from_bytes([7; 32])
}

/// Processor time of this process, all threads.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// As [`rpcnet_cluster::membership::Settings::monitors`] has it.
const WATCHERS: u32 = 4;
/// As many as fit.
const RECORDS_IN_A_DATAGRAM: usize = 16;
