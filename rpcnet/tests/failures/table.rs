//! What the cells of the table have in common: a service under test, and what its callers see.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use rpcnet::{
    CallError, Channel, Client, ClientConfig, ClientConfigBuilder, ErrorKind, Executed, Identity, InProcess,
    ResponseStream, Server, ServerConfig, ServerConfigBuilder, prelude::*, stream,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    common::{proxy::Proxy, until},
    service::{EndsClient, Event, How, ITEMS, Item, Observed, Refusal, ends, item},
};

/// A service and its client.
pub struct Table<C> {
    pub client: EndsClient<C>,
    pub observed: Observed,
    /// `None` in process.
    server: Option<Server>,
    pub identity: Identity,
}

/// How a call ended, as its caller sees it.
pub struct Ended {
    /// The numbers of the items before.
    pub items: Vec<u32>,
    pub error: Option<CallError<Refusal>>,
}

pub async fn over_quic() -> Table<Client> {
    served(|config| config, |config| config).await
}

pub async fn in_process() -> Table<InProcess> {
    let (service, observed) = ends();
    let client = EndsClient::new(InProcess::new(service));
    let identity = Identity::self_signed(["localhost"]).expect("a name");
    Table { client, observed, server: None, identity }
}

/// A server and a client of other configurations.
pub async fn served(
    server: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
    client: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
) -> Table<Client> {
    let (server, observed, identity) = start(server).await;
    let config = client(ClientConfig::development()).build().expect("a valid configuration");
    let client = EndsClient::connect(server.local_addr(), config).await.expect("the server is there");
    Table { client, observed, server: Some(server), identity }
}

/// The same over a path that the test can cut; both sides give up after `idle`.
pub async fn over_proxy(idle: Duration) -> (Table<Client>, Proxy) {
    let (server, observed, identity) = start(|config| config.with_idle_timeout(idle)).await;
    let proxy = Proxy::to(server.local_addr());
    let config = ClientConfig::development().with_idle_timeout(idle).build().expect("a valid configuration");
    let client = EndsClient::connect(proxy.addr(), config).await.expect("the server is there");
    (Table { client, observed, server: Some(server), identity }, proxy)
}

/// A server whose handlers run on another runtime than its client.
pub async fn served_on(handlers: &tokio::runtime::Runtime) -> Table<Client> {
    let (server, observed, identity) = handlers.spawn(start(|config| config)).await.expect("no panic");
    let config = ClientConfig::development().build().expect("a valid configuration");
    let client = EndsClient::connect(server.local_addr(), config).await.expect("the server is there");
    Table { client, observed, server: Some(server), identity }
}

async fn start(configure: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder) -> (Server, Observed, Identity) {
    let identity = Identity::self_signed(["localhost"]).expect("a name");
    let config = ServerConfig::builder()
        .with_bind_addr("127.0.0.1:0")
        .with_identity(identity.clone())
        .with_message_bytes_max(100_000);
    let (service, observed) = ends();
    let config = configure(config).build().expect("a valid configuration");
    let server = Server::builder(config).service(service).start().await.expect("a free port");
    (server, observed, identity)
}

impl<C: Channel> Table<C> {
    /// The next event; a test that waits for one in vain fails after ten seconds.
    pub async fn next(&mut self) -> Event {
        let event = tokio::time::timeout(Duration::from_secs(60), self.observed.events.recv()).await;
        event.expect("an event").expect("the service lives")
    }

    pub async fn expect(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            assert_eq!(self.next().await, event);
        }
    }

    /// The handler starts and reads the first requests.
    pub async fn expect_first_requests(&mut self) {
        self.expect([Event::Started]).await;
        self.expect((0..ITEMS).map(Event::Request)).await;
    }

    /// The handler of a [`call`] starts, and reads what its caller sends.
    pub async fn expect_running(&mut self, shape: Shape) {
        match shape.has_requests() {
            true => self.expect_first_requests().await,
            false => self.expect([Event::Started]).await,
        }
    }

    /// A [`call`] whose handler runs, and whose caller has had the first items.
    pub async fn running(&mut self, shape: Shape, stubborn: bool) -> JoinHandle<Ended> {
        let (tell, mut told) = mpsc::unbounded_channel();
        let caller = tokio::spawn(call_telling(self.client.clone(), shape, stubborn, tell));
        self.expect_running(shape).await;
        for _ in 0..if shape.has_answers() { ITEMS } else { 0 } {
            told.recv().await.expect("an item");
        }
        caller
    }

    /// A handler whose caller has left is dropped. One that runs at that very moment may have read why.
    pub async fn expect_dropped_for(&mut self, kind: ErrorKind) {
        let mut event = self.next().await;
        if event == Event::RequestsFailed(kind) {
            event = self.next().await;
        }
        assert_eq!(event, Event::Dropped);
        self.expect_nothing_left().await;
    }

    /// A stubborn handler whose caller has left learns by its requests that they are not all. One without requests runs
    /// to its end.
    pub async fn expect_stubborn_end(&mut self, shape: Shape, kind: ErrorKind) {
        match shape.has_requests() {
            true => self.expect([Event::RequestsFailed(kind)]).await,
            false => self.release(),
        }
        self.expect([Event::Finished]).await;
        self.expect_nothing_left().await;
    }

    /// Nothing has happened to any handler, and nothing is left of one.
    pub async fn expect_nothing_ran(&mut self) {
        self.expect_nothing_left().await;
        assert!(self.observed.events.try_recv().is_err());
    }

    /// All that the calls held is freed.
    pub async fn expect_nothing_left(&self) {
        if let Some(server) = &self.server {
            until("no call is in flight", || server.calls_in_flight() == 0).await;
        }
        until("no handler is left", || self.handlers() == 0).await;
    }

    /// Lets a stubborn call go.
    pub fn release(&self) {
        self.observed.release.add_permits(1);
    }

    fn handlers(&self) -> usize {
        Arc::strong_count(&self.observed.alive).saturating_sub(2)
    }
}

impl Table<Client> {
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("there is one over QUIC")
    }
}

impl Ended {
    /// All first items came, and then this failure.
    #[track_caller]
    pub fn after_the_items(&self, kind: ErrorKind, executed: Executed) {
        assert_eq!(self.items, first_numbers(), "no item is lost, and none is made up");
        self.with(kind, executed);
    }

    /// This failure; after all first items, if it was to have any.
    #[track_caller]
    pub fn of(&self, shape: Shape, kind: ErrorKind, executed: Executed) {
        match shape.has_answers() {
            true => self.after_the_items(kind, executed),
            false => self.with(kind, executed),
        }
    }

    /// This failure.
    #[track_caller]
    pub fn with(&self, kind: ErrorKind, executed: Executed) {
        let error = self.error.as_ref().and_then(CallError::rpc).expect("a failure");
        assert_eq!((error.kind(), error.executed()), (kind, executed), "{error}");
    }
}

pub fn first_numbers() -> Vec<u32> {
    (0..ITEMS).collect()
}

/// The framework's part of a call's failure, and whether its handler ran.
#[track_caller]
pub fn failure<T>(result: Result<T, CallError<Refusal>>) -> (ErrorKind, Executed) {
    let error = result.err().expect("a failure");
    let error = error.rpc().expect("no application error");
    (error.kind(), error.executed())
}

/// The handler's own error.
#[track_caller]
pub fn refusal<T>(result: Result<T, CallError<Refusal>>) -> Refusal {
    result.err().expect("a failure").application().expect("the handler's own error")
}

/// Reads an answer to its end, which stays its end.
pub async fn read(answer: Answer) -> Ended {
    read_telling(answer, mpsc::unbounded_channel().0).await
}

type Answer = Result<ResponseStream<Item, Refusal>, CallError<Refusal>>;

async fn read_telling(answer: Answer, tell: mpsc::UnboundedSender<u32>) -> Ended {
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Ended { items: Vec::new(), error: Some(error) },
    };
    let mut items = Vec::new();
    let error = loop {
        match answer.next().await {
            Some(Ok(Item { number, .. })) => {
                items.push(number.0);
                // Most tests only look at the end.
                let _ = tell.send(number.0);
            }
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    assert!(answer.next().await.is_none(), "an end is the end");
    Ended { items, error }
}

/// The first requests, and the end of them.
pub fn requests() -> impl Stream<Item = Item> + Send + use<> {
    stream::iter((0..ITEMS).map(item))
}

/// The first requests and then nothing, until it is dropped, which the receiver notices.
pub fn endless_requests() -> (impl Stream<Item = Item> + Send + use<>, LetGo) {
    let (guard, let_go) = oneshot::channel::<()>();
    let wait = stream::once(async move {
        let _guard = guard;
        std::future::pending::<Item>().await
    });
    (requests().chain(wait), LetGo(let_go))
}

/// Tells when a caller's requests are dropped.
pub struct LetGo(oneshot::Receiver<()>);

impl LetGo {
    /// A call without requests never had them.
    pub async fn expect_if(self, has_requests: bool) {
        if has_requests {
            self.expect().await;
        }
    }

    pub async fn expect(self) {
        let dropped = tokio::time::timeout(Duration::from_secs(60), self.0).await;
        dropped.expect("in time").expect_err("nothing is ever sent");
    }
}

/// The four shapes of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Unary,
    ServerStreaming,
    ClientStreaming,
    Bidirectional,
}

/// A call that goes on until something ends it; a stubborn one's handler must not be cancelled.
pub async fn call<C: Channel>(client: EndsClient<C>, shape: Shape, stubborn: bool) -> Ended {
    call_telling(client, shape, stubborn, mpsc::unbounded_channel().0).await
}

/// The same; says which items have come.
async fn call_telling<C: Channel>(
    client: EndsClient<C>,
    shape: Shape,
    stubborn: bool,
    tell: mpsc::UnboundedSender<u32>,
) -> Ended {
    let (requests, _let_go) = endless_requests();
    let answer = match (shape, stubborn) {
        (Shape::Unary, false) => client.unary(How::Wait).await,
        (Shape::Unary, true) => client.stubborn_unary().await,
        (Shape::ClientStreaming, false) => client.client_streaming(How::Wait, requests).await,
        (Shape::ClientStreaming, true) => client.stubborn_client_streaming(requests).await,
        (Shape::ServerStreaming, false) => return read_telling(client.server_streaming(How::Wait).await, tell).await,
        (Shape::ServerStreaming, true) => return read_telling(client.stubborn_server_streaming().await, tell).await,
        (Shape::Bidirectional, false) => {
            return read_telling(client.bidirectional(How::Wait, requests).await, tell).await;
        }
        (Shape::Bidirectional, true) => return read_telling(client.stubborn_bidirectional(requests).await, tell).await,
    };
    Ended { items: Vec::new(), error: Some(answer.expect_err("it waits")) }
}

impl Shape {
    pub fn has_requests(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::Bidirectional)
    }

    pub fn has_answers(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::Bidirectional)
    }
}

/// Polls a call until `ready` is, and then drops it.
pub async fn drop_when<T>(call: impl Future<Output = T>, ready: impl Future<Output = ()>) {
    let mut call = pin!(call);
    let mut ready = pin!(ready);
    poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending(), "the call has an end of its own");
        if ready.as_mut().poll(cx).is_ready() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
