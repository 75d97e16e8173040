//! What a lost packet costs the calls around it: latencies over a path that loses packets and takes its time.
//!
//! ```text
//! cargo run --release -p rpcnet --example lossy_path [loss%] [one-way ms] [in flight] [seconds]
//! ```
//!
//! Each arrangement has the path for itself: calls on one lane, on four, on as many as the path asks for, and, for
//! comparison, each call on a QUIC stream of its own, with the QUIC library alone.

#[path = "../tests/common/proxy.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use all of it")]
mod proxy;

use std::{
    error::Error,
    future::Future,
    io::Write,
    time::{Duration, Instant},
};

use bytes::Bytes;
use proxy::Proxy;
use rpcnet::{Client, ClientConfig, Server, ServerConfig};
use s2n_quic::{client::Connect, provider::tls::rustls as quic_tls};

type AnyError = Box<dyn Error + Send + Sync>;

/// What is measured.
#[derive(Clone, Copy)]
struct Plan {
    loss: f64,
    delay: Duration,
    in_flight: usize,
    time: Duration,
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let given: Vec<f64> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let number = |at: usize, default: f64| given.get(at).copied().unwrap_or(default);
    let plan = Plan {
        loss: number(0, 1.0) / 100.0,
        delay: Duration::from_secs_f64(number(1, 2.0) / 1000.0),
        in_flight: number(2, 64.0) as usize,
        time: Duration::from_secs_f64(number(3, 20.0)),
    };
    let mut out = std::io::stdout();
    writeln!(out, "{:>18} {:>9} {:>9} {:>9} {:>9}", "64-byte calls", "calls/s", "p50 ms", "p99 ms", "p99.9 ms")?;
    for (name, lanes) in [("one lane", Some(1)), ("four lanes", Some(4)), ("by the path", None)] {
        report(&mut out, name, rpcnet_calls(plan, lanes).await?, plan.time)?;
    }
    report(&mut out, "stream per call", stream_calls(plan).await?, plan.time)
}

async fn rpcnet_calls(plan: Plan, lanes: Option<usize>) -> Result<Vec<Duration>, AnyError> {
    let server = Server::builder(ServerConfig::development().build()?)
        .register("echo", |message| async move { Ok(message) })
        .start()
        .await?;
    let proxy = Proxy::lossy(server.local_addr(), plan.loss, plan.delay);
    let client = Client::connect(proxy.addr(), ClientConfig::development().with_lanes(lanes).build()?).await?;
    measure(plan, move || {
        let client = client.clone();
        async move { Ok(client.call("echo", MESSAGE).await?) }
    })
    .await
}

async fn stream_calls(plan: Plan) -> Result<Vec<Duration>, AnyError> {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let tls = quic_tls::Server::builder()
        .with_certificate(key.cert.pem().as_str(), key.signing_key.serialize_pem().as_str())?;
    let limits = s2n_quic::provider::limits::Limits::new()
        .with_max_open_remote_bidirectional_streams(10_000)?
        .with_max_open_local_bidirectional_streams(10_000)?;
    let mut server =
        s2n_quic::Server::builder().with_tls(tls.build()?)?.with_io("127.0.0.1:0")?.with_limits(limits)?.start()?;
    let proxy = Proxy::lossy(server.local_addr()?, plan.loss, plan.delay);
    tokio::spawn(async move {
        while let Some(mut connection) = server.accept().await {
            tokio::spawn(async move {
                while let Ok(Some(mut stream)) = connection.accept_bidirectional_stream().await {
                    tokio::spawn(async move {
                        while let Ok(Some(message)) = stream.receive().await {
                            let _ = stream.send(message).await;
                        }
                        let _ = stream.finish();
                    });
                }
            });
        }
    });
    let tls = quic_tls::Client::builder().with_certificate(key.cert.pem().as_str())?.build()?;
    let client = s2n_quic::Client::builder().with_tls(tls)?.with_io("127.0.0.1:0")?.with_limits(limits)?.start()?;
    let connection = client.connect(Connect::new(proxy.addr()).with_server_name("localhost")).await?;
    let handle = connection.handle();
    measure(plan, move || {
        let mut handle = handle.clone();
        async move {
            let mut stream = handle.open_bidirectional_stream().await?;
            stream.send(MESSAGE).await?;
            stream.finish()?;
            let mut answer = Vec::new();
            while let Some(part) = stream.receive().await? {
                answer.extend_from_slice(&part);
            }
            Ok(answer.into())
        }
    })
    .await
}

/// Calls again and again, so many at once, and returns how long each call took.
async fn measure<F>(plan: Plan, call: impl Fn() -> F + Clone + Send + 'static) -> Result<Vec<Duration>, AnyError>
where
    F: Future<Output = Result<Bytes, AnyError>> + Send,
{
    let mut callers = tokio::task::JoinSet::new();
    let warm = Instant::now() + plan.time / 10;
    let end = warm + plan.time;
    for _ in 0..plan.in_flight {
        let call = call.clone();
        callers.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let start = Instant::now();
                let answer = call().await?;
                if answer.len() != MESSAGE.len() {
                    return Err("an answer cut short".into());
                }
                if start >= warm {
                    times.push(start.elapsed());
                }
            }
            Ok::<_, AnyError>(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = callers.join_next().await {
        all.extend(times??);
    }
    all.sort_unstable();
    Ok(all)
}

fn report(out: &mut impl Write, name: &str, times: Vec<Duration>, time: Duration) -> Result<(), AnyError> {
    let percentile = |part: f64| {
        let at = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    };
    let rate = times.len() as f64 / time.as_secs_f64();
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(percentile);
    Ok(writeln!(out, "{name:>18} {rate:>9.0} {p50:>9.2} {p99:>9.2} {p999:>9.2}")?)
}

const MESSAGE: Bytes = Bytes::from_static(&[7; 64]);
