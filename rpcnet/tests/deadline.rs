//! Deadlines: carried to the server, enforced there, inherited by what a handler calls.

mod common;

use std::time::Duration;

use common::{Event, Probe, ProbeClient, ProbeError, ProbeServer, development, probe, serve};
use rpcnet::{Channel, InProcess, prelude::*, stream};

/// Enough for a call to reach its handler, on a machine that has other things to do as well.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn the_server_drops_the_handler_when_the_deadline_passes() {
    let (server, mut observer, client) = serve(development()).await;
    let error = client.with_deadline(SOON).wait().await.expect_err("it never ends");
    let error = error.rpc().expect("no application error");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_ne!(error.executed(), Executed::No);
    assert!(error.to_string().starts_with("Probe.wait: "), "{error}");
    observer.expect(Event::Started).await;
    observer.expect(Event::Dropped).await;
    common::until("the call is over", || server.calls_in_flight() == 0).await;
}

#[tokio::test]
async fn a_handler_that_must_not_be_cancelled_outlives_its_deadline() {
    let (_server, mut observer, client) = serve(development()).await;
    let error = client.with_deadline(SOON).wait_stubbornly().await.expect_err("it was not let go");
    assert_eq!(error.rpc().map(|error| error.kind()), Some(ErrorKind::DeadlineExceeded));
    observer.expect(Event::Started).await;
    observer.release(1);
    observer.expect(Event::Finished).await;
}

#[tokio::test]
async fn a_deadline_that_has_passed_sends_nothing() {
    let (_server, mut observer, client) = serve(development()).await;
    let error = client.with_deadline(Duration::ZERO).wait().await.expect_err("too late");
    let error = error.rpc().expect("no application error");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::DeadlineExceeded, Executed::No));
    client.echo("ping".into()).await.expect("an answer");
    // Had the call been sent, it would have come before the echo.
    drop(client);
    drop(_server);
    assert!(!matches!(futures_now(observer.next()), Some(Event::Started)));
}

/// What a future gives at its first poll.
fn futures_now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn the_calls_own_deadline_comes_before_the_methods_and_that_before_the_clients() {
    let (_server, _observer, client) = serve(development()).await;
    let left = |left: Result<Option<Duration>, _>| left.expect("an answer").expect("a deadline").as_secs_f64();
    // However long it took: each is below the next one.
    let by_client = left(client.time_left().await);
    assert!((7.1..=30.1).contains(&by_client), "{by_client}");
    let by_trait = left(client.time_left_by_trait().await);
    assert!((3.1..=7.1).contains(&by_trait), "{by_trait}");
    let by_call = left(client.with_deadline(Duration::from_secs(3)).time_left_by_trait().await);
    assert!((0.0..=3.1).contains(&by_call), "{by_call}");
}

/// A service whose handler calls another.
#[rpcnet::service]
trait Relay {
    async fn time_left_behind(&self) -> Result<Option<Duration>, ProbeError>;
}

struct MyRelay<C>(ProbeClient<C>);

impl<C: Channel> Relay for MyRelay<C> {
    async fn time_left_behind(&self) -> Result<Option<Duration>, ProbeError> {
        // Asks for more time than its own caller has.
        let left = self.0.with_deadline(Duration::from_secs(3600)).time_left().await;
        left.map_err(|error| ProbeError::Refused { reason: error.to_string() })
    }
}

#[tokio::test]
async fn a_call_that_a_handler_makes_inherits_what_is_left() {
    let (_server, _observer, behind) = serve(development()).await;
    let config = development().build().expect("a valid configuration");
    let relay = Server::builder(config).service(RelayServer::new(MyRelay(behind))).start().await.expect("a free port");
    let client = RelayClient::new(common::raw_client(&relay).await);
    // Often enough for both ways that a handler runs.
    for _ in 0..50 {
        let left = client.with_deadline(Duration::from_secs(5)).time_left_behind().await.expect("an answer");
        assert!(left.is_some_and(|left| left <= Duration::from_secs(5)), "{left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_process_the_deadline_passes_in_virtual_time() {
    let (service, mut observer) = probe();
    let client = ProbeClient::new(InProcess::new(service));
    let start = tokio::time::Instant::now();
    let error = client.with_deadline(Duration::from_secs(600)).wait().await.expect_err("it never ends");
    assert_eq!(error.rpc().map(|error| error.kind()), Some(ErrorKind::DeadlineExceeded));
    assert_eq!(start.elapsed().as_secs(), 600);
    observer.expect(Event::Started).await;
    observer.expect(Event::Dropped).await;
}

#[test]
fn the_handler_trait_has_its_second_name() {
    fn is_handler<H: common::ProbeHandler>(_: &ProbeServer<H>) {}
    fn is_probe<H: Probe>(_: &ProbeServer<H>) {}
    let (service, _observer) = probe();
    is_handler(&service);
    is_probe(&service);
}

/// A service that is always ready, so that nothing ever waits.
#[rpcnet::service]
trait Busy {
    async fn numbers(&self) -> Result<impl Stream<Item = Result<u64, ()>>, ()>;
    async fn sum(&self, numbers: Streaming<u64>) -> Result<u64, ()>;
}

struct Counts;

impl Busy for Counts {
    async fn numbers(&self) -> Result<impl Stream<Item = Result<u64, ()>>, ()> {
        Ok(stream::iter((0..).map(Ok)))
    }

    async fn sum(&self, mut numbers: Streaming<u64>) -> Result<u64, ()> {
        let mut sum = 0;
        while let Some(Ok(number)) = numbers.next().await {
            sum += number;
        }
        Ok(sum)
    }
}

async fn busy() -> (Server, BusyClient) {
    let config = development().build().expect("valid");
    let server = Server::builder(config).service(BusyServer::new(Counts)).start().await.expect("a free port");
    let client = BusyClient::new(common::raw_client(&server).await);
    (server, client)
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(common::IN_VAIN, future).await.expect("the deadline ends it")
}

#[tokio::test]
async fn answers_that_are_always_ready_end_at_the_deadline() {
    let (_server, client) = busy().await;
    let mut numbers = client.with_deadline(SOON).numbers().await.expect("it begins");
    let read = async {
        loop {
            if let Err(error) = numbers.next().await.expect("endless") {
                return error;
            }
        }
    };
    let error = in_time(read).await;
    let error = error.rpc().expect("no application error");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::DeadlineExceeded, Executed::Yes));
    assert!(in_time(numbers.next()).await.is_none());
}

#[tokio::test]
async fn requests_that_are_always_ready_end_at_the_deadline() {
    let (_server, client) = busy().await;
    let error = in_time(client.with_deadline(SOON).sum(stream::iter(0..))).await.expect_err("endless");
    let error = error.rpc().expect("no application error");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_ne!(error.executed(), Executed::No);
}
