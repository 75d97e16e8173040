//! How soon a path that swallows everything is noticed, in virtual time: three probe timeouts and 300 ms.

use std::{cell::Cell, error::Error, future::pending, rc::Rc, time::Duration};

use rpcnet::{
    CallError, Client, ClientConfig, ErrorKind, Executed, Identity, RpcError, Server, ServerConfig, prelude::*,
};
use tokio::time::{Instant, sleep};
use turmoil::Builder;

#[rpcnet::service]
trait Patience {
    async fn greet(&self) -> Result<(), ()>;
    async fn wait(&self) -> Result<(), ()>;
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, ()>>, ()>;
    async fn upload(&self, chunks: Streaming<u32>) -> Result<(), ()>;
    async fn chat(&self, lines: Streaming<u32>) -> Result<impl Stream<Item = Result<u32, ()>>, ()>;
}

/// Says nothing to anybody who waits.
struct Silent;

impl Patience for Silent {
    async fn greet(&self) -> Result<(), ()> {
        Ok(())
    }

    async fn wait(&self) -> Result<(), ()> {
        pending().await
    }

    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, ()>>, ()> {
        Ok(rpcnet::stream::pending())
    }

    async fn upload(&self, _chunks: Streaming<u32>) -> Result<(), ()> {
        pending().await
    }

    async fn chat(&self, _lines: Streaming<u32>) -> Result<impl Stream<Item = Result<u32, ()>>, ()> {
        Ok(rpcnet::stream::pending())
    }
}

#[test]
fn a_black_hole_is_noticed_in_time_while_a_unary_call_waits() {
    check(async |client| rpc(client.wait().await));
}

#[test]
fn a_black_hole_is_noticed_in_time_while_only_a_stream_of_responses_waits() {
    check(async |client| next(client.watch().await).await);
}

#[test]
fn a_black_hole_is_noticed_in_time_while_only_a_stream_of_requests_waits() {
    check(async |client| rpc(client.upload(rpcnet::stream::pending()).await));
}

#[test]
fn a_black_hole_is_noticed_in_time_while_only_streams_both_ways_wait() {
    check(async |client| next(client.chat(rpcnet::stream::pending()).await).await);
}

/// Cuts the network while `wait` waits, at twenty moments between one probe and the next.
fn check(wait: impl AsyncFn(PatienceClient) -> RpcError + Copy + 'static) {
    let slowest = (0..20).map(|step| notice(QUIET + step * (PROBE_INTERVAL / 20), wait)).max().unwrap_or_default();
    assert!(slowest <= NOTICED_MAX, "{slowest:?}, and {NOTICED_MAX:?} are allowed");
}

/// How long it takes to notice that the network is cut `after` the call began.
fn notice(after: Duration, wait: impl AsyncFn(PatienceClient) -> RpcError + 'static) -> Duration {
    simulate(after, wait).expect("a simulation that runs")
}

fn simulate(
    after: Duration,
    wait: impl AsyncFn(PatienceClient) -> RpcError + 'static,
) -> Result<Duration, Box<dyn Error>> {
    let mut sim = Builder::new()
        .simulation_duration(Duration::from_secs(60))
        .tick_duration(TICK)
        .min_message_latency(LATENCY)
        .max_message_latency(LATENCY)
        .udp_capacity(1024)
        .build();
    let identity = Identity::self_signed([SERVER])?;
    let trusted = identity.clone();
    sim.host(SERVER, move || {
        let identity = identity.clone();
        async move {
            let config = ServerConfig::builder()
                .with_simulated_network()
                .with_bind_addr(("0.0.0.0".parse::<std::net::Ipv4Addr>()?, PORT))
                .with_identity(identity)
                .build()?;
            let server = Server::builder(config).service(PatienceServer::new(Silent)).start().await?;
            server.stopped().await;
            Ok(())
        }
    });
    let noticed = Rc::new(Cell::new(None));
    let measured = Rc::clone(&noticed);
    sim.client("client", async move {
        let config =
            ClientConfig::trusting(&trusted).with_simulated_network().with_deadline(Duration::from_secs(50)).build()?;
        let client = Client::connect((SERVER, PORT), config).await?;
        let client = PatienceClient::new(client);
        for _ in 0..ROUND_TRIPS {
            client.greet().await.map_err(|error| format!("{error:?}"))?;
        }
        let cut = async {
            sleep(after).await;
            turmoil::partition("client", SERVER);
            Instant::now()
        };
        let (error, since) = tokio::join!(async { (wait(client.clone()).await, Instant::now()) }, cut);
        let (error, failed) = error;
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert_ne!(error.executed(), Executed::No, "{error}");
        measured.set(Some(failed.duration_since(since)));
        Ok(())
    });
    sim.run()?;
    noticed.get().ok_or_else(|| "nothing was measured".into())
}

/// What ends the answer.
async fn next(begun: Result<impl Stream<Item = Result<u32, CallError<()>>> + Unpin, CallError<()>>) -> RpcError {
    match begun {
        Ok(mut items) => rpc(items.next().await.expect("a stream that breaks does not end well")),
        Err(error) => rpc(Err::<(), _>(error)),
    }
}

fn rpc<T>(result: Result<T, CallError<()>>) -> RpcError {
    match result {
        Err(CallError::Rpc(error)) => error,
        Err(CallError::Application(())) | Ok(_) => panic!("a call ended that can't"),
    }
}

const SERVER: &str = "server";
const PORT: u16 = 4433;
const TICK: Duration = Duration::from_millis(1);
const LATENCY: Duration = Duration::from_millis(5);
/// So many that the round trip is known well.
const ROUND_TRIPS: usize = 100;
/// All has been acknowledged by then, so that nothing but probes tells.
const QUIET: Duration = Duration::from_millis(500);
/// The default of the client.
const PROBE_INTERVAL: Duration = Duration::from_millis(100);

/// RFC 9002, section 6.2.1: the smoothed round trip, four times its variation, and the longest delay of an acknowledgement. The
/// round trip is two latencies, and a tick at each end; but a ping that comes alone is acknowledged up to 25 ms late, which
/// the estimates take for the path's in part.
const PROBE_TIMEOUT: Duration = Duration::from_millis((12 + 12) + 4 * 12 + 25);

/// Each probe timeout is twice as long as the one before.
const NOTICED_MAX: Duration = Duration::from_millis((1 + 2 + 4) * PROBE_TIMEOUT.as_millis() as u64 + 300);
