//! A service that shows what happens to its calls, and a server of it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

pub mod proxy;
pub mod wire;

use std::{
    future::pending,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use rpcnet::{Client, ClientConfig, Context, Server, ServerConfig, ServerConfigBuilder, prelude::*, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeError {
    Refused { reason: String },
}

#[rpcnet::service]
pub trait Probe {
    async fn echo(&self, bytes: Bytes) -> Result<Bytes, ProbeError>;
    async fn refuse(&self, reason: String) -> Result<(), ProbeError>;
    /// Answers with so many bytes.
    async fn produce(&self, length: u32) -> Result<Bytes, ProbeError>;
    /// Never ends by itself.
    async fn wait(&self) -> Result<(), ProbeError>;
    /// Ends when it is let go, whatever its caller does.
    #[rpc(no_cancel)]
    async fn wait_stubbornly(&self) -> Result<(), ProbeError>;
    /// Ends when it is let go; calling it twice does no more than calling it once.
    #[rpc(idempotent)]
    async fn wait_idempotently(&self) -> Result<(), ProbeError>;
    /// Computes until its context says that nobody waits.
    async fn compute(&self) -> Result<(), ProbeError>;
    async fn panic(&self) -> Result<(), ProbeError>;
    async fn panic_after_waiting(&self) -> Result<(), ProbeError>;
    async fn time_left(&self) -> Result<Option<Duration>, ProbeError>;
    #[rpc(deadline = "7s")]
    async fn time_left_by_trait(&self) -> Result<Option<Duration>, ProbeError>;
    /// The name of the runtime thread that runs what a handler spawns.
    async fn spawned_on(&self) -> Result<String, ProbeError>;
    /// Streams the numbers from one up to this, and the last of them when it is let go.
    async fn count(&self, to: u32) -> Result<impl Stream<Item = Result<u32, ProbeError>>, ProbeError>;
    /// Answers with the sum when it is let go.
    async fn sum(&self, numbers: Streaming<u32>) -> Result<u32, ProbeError>;
    /// Streams the sums so far, and the last one again when it is let go.
    async fn sums(&self, numbers: Streaming<u32>) -> Result<impl Stream<Item = Result<u32, ProbeError>>, ProbeError>;
}

/// What happens to a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Started,
    Finished,
    Dropped,
}

/// The handler. Everything that its calls hold is counted by `alive`.
pub struct MyProbe {
    events: mpsc::UnboundedSender<Event>,
    alive: Arc<()>,
    release: Arc<tokio::sync::Semaphore>,
}

/// The test's view of the handler.
pub struct Observer {
    events: mpsc::UnboundedReceiver<Event>,
    alive: Arc<()>,
    release: Arc<tokio::sync::Semaphore>,
}

/// Reports a handler's end, whichever it is.
struct Guard {
    events: mpsc::UnboundedSender<Event>,
    finished: bool,
    _alive: Arc<()>,
}

pub fn probe() -> (ProbeServer<MyProbe>, Observer) {
    let (events, seen) = mpsc::unbounded_channel();
    let (alive, release) = (Arc::new(()), Arc::new(tokio::sync::Semaphore::new(0)));
    let handler = MyProbe { events, alive: Arc::clone(&alive), release: Arc::clone(&release) };
    (ProbeServer::new(handler), Observer { events: seen, alive, release })
}

/// A server of the probe on a free port, its observer, and a client of it.
pub async fn serve(config: ServerConfigBuilder) -> (Server, Observer, ProbeClient) {
    let (service, observer) = probe();
    let config = config.build().expect("a valid configuration");
    let server = Server::builder(config).service(service).start().await.expect("a free port");
    let client = connect(&server).await;
    (server, observer, client)
}

pub async fn connect(server: &Server) -> ProbeClient {
    ProbeClient::new(raw_client(server).await)
}

pub async fn raw_client(server: &Server) -> Client {
    let config = ClientConfig::development().with_probe_interval(Some(UNHURRIED)).build();
    Client::connect(server.local_addr(), config.expect("a valid configuration")).await.expect("the server is there")
}

/// How long a machine that has too much to do may keep a server from answering a ping. Those that ask for it more often give a server up
/// that is silent for less than half a second.
pub const UNHURRIED: Duration = Duration::from_secs(5);

/// What takes longer than this does not happen.
pub const IN_VAIN: Duration = Duration::from_secs(60);

/// An address that nobody else takes, also while its server is away: its host and port are of this process and this call. Where all of
/// 127.0.0.0/8 is not this host, any free port.
pub fn own_addr() -> SocketAddr {
    static PORT: AtomicU16 = AtomicU16::new(7_910);
    if cfg!(not(target_os = "linux")) {
        return ([127, 0, 0, 1], 0).into();
    }
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    ([127, high | 0x80, middle, low], PORT.fetch_add(1, Ordering::Relaxed)).into()
}

/// Whether it is this machine's: some have no IPv6, and others one address of loopback alone.
pub fn has_addr(ip: IpAddr) -> bool {
    std::net::UdpSocket::bind((ip, 0)).is_ok()
}

pub fn development() -> ServerConfigBuilder {
    ServerConfig::development()
}

impl Observer {
    /// The next event; a test that waits for one in vain fails.
    pub async fn next(&mut self) -> Event {
        let event = tokio::time::timeout(IN_VAIN, self.events.recv()).await;
        event.expect("an event").expect("the handler lives")
    }

    pub async fn expect(&mut self, event: Event) {
        assert_eq!(self.next().await, event);
    }

    /// Waits for `count` events of one kind and drops the others.
    pub async fn count(&mut self, event: Event, count: usize) {
        let mut seen = 0;
        while seen < count {
            seen += usize::from(self.next().await == event);
        }
    }

    /// Calls whose handlers still exist.
    pub fn alive(&self) -> usize {
        // The observer and the handler hold one each.
        Arc::strong_count(&self.alive) - 2
    }

    /// Lets stubborn calls go.
    pub fn release(&self, calls: usize) {
        self.release.add_permits(calls);
    }
}

impl MyProbe {
    fn begin(&self) -> Guard {
        let events = self.events.clone();
        // The test may have ended, and with it all interest.
        let _ = events.send(Event::Started);
        Guard { events, finished: false, _alive: Arc::clone(&self.alive) }
    }

    /// Waits until the observer lets a call go.
    async fn let_go(&self, guard: Guard) {
        self.release.acquire().await.expect("never closed").forget();
        guard.finish();
    }
}

impl Guard {
    fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.events.send(if self.finished { Event::Finished } else { Event::Dropped });
    }
}

impl Probe for MyProbe {
    async fn echo(&self, bytes: Bytes) -> Result<Bytes, ProbeError> {
        Ok(bytes)
    }

    async fn refuse(&self, reason: String) -> Result<(), ProbeError> {
        Err(ProbeError::Refused { reason })
    }

    async fn produce(&self, length: u32) -> Result<Bytes, ProbeError> {
        Ok(vec![9; length as usize].into())
    }

    async fn wait(&self) -> Result<(), ProbeError> {
        let _guard = self.begin();
        pending().await
    }

    async fn wait_stubbornly(&self) -> Result<(), ProbeError> {
        self.let_go(self.begin()).await;
        Ok(())
    }

    async fn wait_idempotently(&self) -> Result<(), ProbeError> {
        self.wait_stubbornly().await
    }

    async fn compute(&self) -> Result<(), ProbeError> {
        let guard = self.begin();
        let context = Context::current().expect("a handler has a context");
        while !context.is_cancelled() {
            std::hint::spin_loop();
        }
        guard.finish();
        Ok(())
    }

    async fn panic(&self) -> Result<(), ProbeError> {
        panic!("the handler was told to panic")
    }

    async fn panic_after_waiting(&self) -> Result<(), ProbeError> {
        tokio::task::yield_now().await;
        panic!("the handler was told to panic")
    }

    async fn time_left(&self) -> Result<Option<Duration>, ProbeError> {
        Ok(Context::current().and_then(|context| context.time_left()))
    }

    async fn time_left_by_trait(&self) -> Result<Option<Duration>, ProbeError> {
        self.time_left().await
    }

    async fn count(&self, to: u32) -> Result<impl Stream<Item = Result<u32, ProbeError>>, ProbeError> {
        let guard = self.begin();
        let last = stream::once(async move {
            self.let_go(guard).await;
            Ok(to)
        });
        Ok(stream::iter((1..to).map(Ok)).chain(last))
    }

    async fn sum(&self, mut numbers: Streaming<u32>) -> Result<u32, ProbeError> {
        let guard = self.begin();
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number.expect("no caller leaves");
        }
        self.let_go(guard).await;
        Ok(sum)
    }

    async fn sums(&self, numbers: Streaming<u32>) -> Result<impl Stream<Item = Result<u32, ProbeError>>, ProbeError> {
        let sums = stream::unfold((Some(self.begin()), numbers, 0), async |(guard, mut numbers, sum)| {
            let guard = guard?;
            match numbers.next().await {
                Some(number) => {
                    let sum = sum + number.expect("no caller leaves");
                    Some((Ok(sum), (Some(guard), numbers, sum)))
                }
                None => {
                    self.let_go(guard).await;
                    Some((Ok(sum), (None, numbers, sum)))
                }
            }
        });
        Ok(sums)
    }

    async fn spawned_on(&self) -> Result<String, ProbeError> {
        let name = tokio::spawn(async { std::thread::current().name().unwrap_or_default().to_owned() });
        Ok(name.await.expect("it does not panic"))
    }
}

/// A client over a path of the test's making.
pub async fn raw_client_over(proxy: &proxy::Proxy, config: rpcnet::ClientConfigBuilder) -> Client {
    let config = config.build().expect("a valid configuration");
    Client::connect(proxy.addr(), config).await.expect("the server is there")
}

/// The framework's part of a call's failure.
pub fn rpc<T, E: std::fmt::Debug>(result: Result<T, rpcnet::CallError<E>>) -> rpcnet::RpcError {
    result.err().expect("a failure").rpc().expect("no application error").clone()
}

/// Waits for what no event tells, and leaves the processor to others. Fails in the end.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < IN_VAIN, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// For handlers that panic on purpose: their traces would bury a real failure's.
pub fn silence_panics() {
    static ONCE: Mutex<bool> = Mutex::new(false);
    let mut silenced = ONCE.lock().expect("no panic in here");
    if !std::mem::replace(&mut *silenced, true) {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some("the handler was told to panic") {
                default(info);
            }
        }));
    }
}
