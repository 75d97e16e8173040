//! What a call costs more over a cluster than over a connection: `cargo run --release -p rpcnet-cluster --example overhead`.
//!
//! One worker, 64 bytes there and back, 64 calls in flight. Rounds over the connection and over the cluster take turns, so that
//! whatever else the machine does meets both; the median of their ratios is the result.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod echo;

use std::time::{Duration, Instant};

use bytes::Bytes;
use echo::EchoClient;
use rpcnet::{Channel, Client, ClientConfig};
use rpcnet_cluster::{ClusterClient, StaticWorkers};
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;

/// What one round took.
struct Round {
    wall: Duration,
    cpu: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds: usize = std::env::args().nth(1).map_or(Ok(41), |rounds| rounds.parse())?;
    let server = echo::serve().await?;
    let config = ClientConfig::development().build()?;
    let direct = EchoClient::new(Client::connect(server.local_addr(), config.clone()).await?);
    let source: StaticWorkers = [server.local_addr()].into_iter().collect();
    let plain = ClusterClient::new(source.clone(), config.clone()).channel("");
    let hedged = ClusterClient::builder(source, config).with_hedging(true).start().channel("");
    plain.ready().await?;
    hedged.ready().await?;
    let (plain, hedged) = (EchoClient::new(plain), EchoClient::new(hedged));
    round(&direct).await;
    round(&plain).await;
    let (mut over_plain, mut over_hedged) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let base = round(&direct).await;
        over_plain.push((base, round(&plain).await));
        let base = round(&direct).await;
        over_hedged.push((base, round(&hedged).await));
    }
    print("over a cluster", &over_plain);
    print("over a cluster, with hedging on", &over_hedged);
    Ok(())
}

async fn round<C: Channel>(client: &EchoClient<C>) -> Round {
    let (wall, cpu) = (Instant::now(), cpu_time());
    let mut callers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let client = client.clone();
        callers.spawn(async move {
            for _ in 0..CALLS / IN_FLIGHT {
                let _ = client.echo(Bytes::from_static(&[7; 64])).await;
            }
        });
    }
    while callers.join_next().await.is_some() {}
    Round { wall: wall.elapsed(), cpu: cpu_time() - cpu }
}

fn print(name: &str, pairs: &[(Round, Round)]) {
    let median = |ratio: &dyn Fn(&(Round, Round)) -> f64| {
        let mut ratios: Vec<_> = pairs.iter().map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    let rate = median(&|(direct, other)| direct.wall.as_secs_f64() / other.wall.as_secs_f64());
    let cpu = median(&|(direct, other)| other.cpu.as_secs_f64() / direct.cpu.as_secs_f64());
    let micros = median(&|(direct, _)| direct.cpu.as_secs_f64() * 1e6 / CALLS as f64);
    println!("{name}: {rate:.3} of the calls a second, {cpu:.3} of the CPU time ({micros:.2} us a call, both ends)");
}

/// Of this process, which is both ends.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

const IN_FLIGHT: usize = 64;
const CALLS: usize = 64 * 400;
