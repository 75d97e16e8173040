//! What a lost packet costs the calls around it, in virtual time: how busy this machine is makes no difference.
//!
//! ```text
//! cargo run --release -p simulation-tests --example lossy_path_simulated [loss%] [one-way ms] [in flight] [seconds] [seeds]
//! ```
//!
//! 64-byte calls over a path that loses packets and takes its time, each again once it is answered: over one lane, over
//! several, over as many as the path asks for, and, for comparison, each call on a QUIC stream of its own. The same seeds for
//! all; a figure is the median over the seeds, with the lowest and the highest. `rpcnet/examples/lossy_path` is the same
//! on real sockets.

use std::{
    error::Error,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use rpcnet::{Client, ClientConfig, Identity, RpcError, Server, ServerConfig, stream::StreamExt};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use turmoil::Builder;

/// What is measured.
#[derive(Clone, Copy)]
struct Plan {
    loss: f64,
    delay: Duration,
    in_flight: u32,
    time: Duration,
    seeds: u64,
}

/// How the calls travel.
#[derive(Clone, Copy)]
enum Way {
    Lanes(Option<usize>),
    StreamPerCall,
}

/// Milliseconds that 90%, 99% and 99.9% of a seed's calls stayed under, and that they took in the mean.
type Figures = [f64; 4];

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let given: Vec<f64> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let number = |at: usize, default: f64| given.get(at).copied().unwrap_or(default);
    let plan = Plan {
        loss: number(0, 1.0) / 100.0,
        delay: Duration::from_secs_f64(number(1, 2.0) / 1000.0),
        in_flight: number(2, 64.0) as u32,
        time: Duration::from_secs_f64(number(3, 20.0)),
        seeds: number(4, 9.0) as u64,
    };
    let ways = [
        ("stream per call", Way::StreamPerCall),
        ("one lane", Way::Lanes(Some(1))),
        ("4 lanes", Way::Lanes(Some(4))),
        ("8 lanes", Way::Lanes(Some(8))),
        ("16 lanes", Way::Lanes(Some(16))),
        ("by the path", Way::Lanes(None)),
    ];
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{:>16} {:>8} {:>8} {:>8} {:>8}   p99 over a stream per call",
        "64-byte calls", "mean ms", "p90 ms", "p99 ms", "p99.9 ms"
    )?;
    let mut reference: Vec<Figures> = Vec::new();
    for (name, way) in ways {
        let seeds: Vec<Figures> = (0..plan.seeds).map(|seed| simulate(plan, seed, way)).collect::<Outcome<_>>()?;
        if reference.is_empty() {
            reference.clone_from(&seeds);
        }
        let [p90, p99, p999, mean] = [0, 1, 2, 3].map(|at| spread(seeds.iter().map(|seed| seed[at])).1);
        let (lowest, median, highest) = spread(seeds.iter().zip(&reference).map(|(own, other)| own[1] / other[1]));
        writeln!(
            out,
            "{name:>16} {mean:>8.2} {p90:>8.2} {p99:>8.2} {p999:>8.2}   {median:.2} ({lowest:.2}-{highest:.2})"
        )?;
    }
    Ok(())
}

fn simulate(plan: Plan, seed: u64, way: Way) -> Outcome<Figures> {
    let mut sim = Builder::new()
        .rng_seed(seed)
        .simulation_duration(plan.time * 3 + Duration::from_secs(10))
        .tick_duration(TICK)
        .min_message_latency(plan.delay)
        .max_message_latency(plan.delay)
        .fail_rate(plan.loss)
        .repair_rate(1.0)
        .udp_capacity(65_536)
        .build();
    let identity = Identity::self_signed([SERVER])?;
    let times = Arc::new(Mutex::new(Vec::new()));
    {
        let identity = identity.clone();
        sim.host(SERVER, move || serve(identity.clone()));
    }
    sim.client("client", load(plan, way, identity, Arc::clone(&times)));
    sim.run()?;
    let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
    times.sort_unstable();
    let percentile = |part: f64| {
        let at = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times.get(at).map_or(f64::NAN, |time: &Duration| time.as_secs_f64() * 1000.0)
    };
    let mean = times.iter().sum::<Duration>().as_secs_f64() * 1000.0 / times.len() as f64;
    let [p90, p99, p999] = [0.9, 0.99, 0.999].map(percentile);
    Ok([p90, p99, p999, mean])
}

async fn serve(identity: Identity) -> Outcome {
    let config = ServerConfig::builder()
        .with_simulated_network()
        .with_bind_addr(("0.0.0.0".parse::<std::net::Ipv4Addr>()?, PORT))
        .with_identity(identity)
        .build()?;
    let _server = Server::builder(config)
        .register("echo", |message| async move { Ok(message) })
        .register_streaming("stream", |requests: rpcnet::Streaming<Bytes>| async move { Ok(requests) })
        .start()
        .await?;
    std::future::pending().await
}

async fn load(plan: Plan, way: Way, identity: Identity, times: Arc<Mutex<Vec<Duration>>>) -> Outcome {
    let lanes = match way {
        Way::Lanes(lanes) => lanes,
        Way::StreamPerCall => Some(1),
    };
    let config = ClientConfig::trusting(&identity).with_simulated_network().with_lanes(lanes).build()?;
    let client = Client::connect((SERVER, PORT), config).await?;
    let warm = Instant::now() + Duration::from_secs(1);
    let end = warm + plan.time;
    let mut callers = JoinSet::new();
    for number in 0..plan.in_flight {
        let (client, times) = (client.clone(), Arc::clone(&times));
        callers.spawn(async move {
            // Callers know nothing of each other.
            sleep(plan.delay * 2 * number / plan.in_flight).await;
            while Instant::now() < end {
                let start = Instant::now();
                let answer = one(&client, way).await?;
                if answer.len() == MESSAGE.len() && start >= warm {
                    times.lock().unwrap_or_else(PoisonError::into_inner).push(start.elapsed());
                }
            }
            Ok::<_, RpcError>(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn one(client: &Client, way: Way) -> Result<Bytes, RpcError> {
    match way {
        Way::Lanes(_) => client.call("echo", MESSAGE).await,
        Way::StreamPerCall => {
            let mut answer = client.call_server_streaming("stream", MESSAGE).await?;
            let mut whole = Bytes::new();
            while let Some(item) = answer.next().await {
                whole = item?;
            }
            Ok(whole)
        }
    }
}

/// The lowest, the median and the highest.
fn spread(figures: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let at = |at: usize| figures.get(at).copied().unwrap_or(f64::NAN);
    (at(0), at(figures.len() / 2), at(figures.len().saturating_sub(1)))
}

const SERVER: &str = "server";
const PORT: u16 = 7443;
const MESSAGE: Bytes = Bytes::from_static(&[7; 64]);

/// How exact times are.
const TICK: Duration = Duration::from_micros(100);
