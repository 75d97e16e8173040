//! Streams: what they promise beyond their ends, for which see `failures`.

mod common;

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use common::until;
use rpcnet::{Channel, ClientConfigBuilder, ServerConfigBuilder, prelude::*, stream};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinSet,
};

type Items<T> = Result<T, String>;

/// So many messages of 1,000 bytes fill the transport's send buffer of 1 MiB, the peer's window of 64 KiB, and the
/// queues on both sides.
const HELD_UP: usize = 1500;

#[rpcnet::service]
trait Flow {
    async fn ping(&self, number: u32) -> Result<u32, String>;
    /// What the handler owns.
    async fn list(&self) -> Result<impl Stream<Item = Items<String>>, String>;
    async fn echo(&self, requests: Streaming<Bytes>) -> Result<impl Stream<Item = Items<Bytes>>, String>;
    /// Items of so many bytes, for ever.
    async fn produce(&self, length: u32) -> Result<impl Stream<Item = Items<Bytes>>, String>;
    /// Reads nothing.
    async fn ignore(&self, requests: Streaming<Bytes>) -> Result<(), String>;
    /// Reads one request and answers with it.
    async fn first(&self, requests: Streaming<Bytes>) -> Result<Bytes, String>;
    /// Items for ever, whatever is sent, of which nothing is read.
    async fn talk(&self, requests: Streaming<Bytes>) -> Result<impl Stream<Item = Items<Bytes>>, String>;
    /// Reads all that is sent, while it says more than anybody reads.
    async fn talk_and_listen(&self, requests: Streaming<Bytes>) -> Result<impl Stream<Item = Items<Bytes>>, String>;
    /// One item, and another one when it is let go.
    async fn one_by_one(&self) -> Result<impl Stream<Item = Items<u32>>, String>;
    /// One item, and then it computes as long as somebody waits.
    async fn compute(&self) -> Result<impl Stream<Item = Items<u32>>, String>;
    async fn time_left(&self) -> Result<impl Stream<Item = Items<Option<Duration>>>, String>;
    /// Sends each part of what it was given so many times.
    async fn repeat(&self, part: Bytes, times: u32) -> Result<impl Stream<Item = Items<Bytes>>, String>;
}

/// Everything that a call holds is counted by `alive`.
#[derive(Clone)]
struct MyFlow {
    list: Arc<Vec<String>>,
    alive: Arc<()>,
    produced: Arc<AtomicUsize>,
    heard: Arc<AtomicUsize>,
    release: Arc<Semaphore>,
    dropped: mpsc::UnboundedSender<()>,
}

/// The test's view of the handlers.
struct Observer {
    handler: MyFlow,
    dropped: mpsc::UnboundedReceiver<()>,
}

struct Guard {
    dropped: mpsc::UnboundedSender<()>,
    _alive: Arc<()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The test may have ended, and with it all interest.
        let _ = self.dropped.send(());
    }
}

impl MyFlow {
    fn begin(&self) -> Guard {
        Guard { dropped: self.dropped.clone(), _alive: Arc::clone(&self.alive) }
    }

    fn endless(&self, length: usize) -> impl Stream<Item = Items<Bytes>> + Send + use<> {
        let (guard, produced) = (self.begin(), Arc::clone(&self.produced));
        stream::repeat(Bytes::from(vec![7; length])).map(move |item| {
            let _guard = &guard;
            produced.fetch_add(1, Ordering::SeqCst);
            Ok(item)
        })
    }
}

impl Flow for MyFlow {
    async fn ping(&self, number: u32) -> Result<u32, String> {
        Ok(number)
    }

    async fn list(&self) -> Result<impl Stream<Item = Items<String>>, String> {
        Ok(stream::iter(self.list.iter().map(|item| Ok(item.clone()))))
    }

    async fn echo(&self, requests: Streaming<Bytes>) -> Result<impl Stream<Item = Items<Bytes>>, String> {
        let guard = self.begin();
        Ok(requests.map(move |request| {
            let _guard = &guard;
            request.map_err(|error| error.to_string())
        }))
    }

    async fn produce(&self, length: u32) -> Result<impl Stream<Item = Items<Bytes>>, String> {
        Ok(self.endless(length as usize))
    }

    async fn ignore(&self, requests: Streaming<Bytes>) -> Result<(), String> {
        let _held = (self.begin(), requests);
        pending().await
    }

    async fn first(&self, mut requests: Streaming<Bytes>) -> Result<Bytes, String> {
        requests.next().await.expect("one request").map_err(|error| error.to_string())
    }

    async fn talk(&self, requests: Streaming<Bytes>) -> Result<impl Stream<Item = Items<Bytes>>, String> {
        Ok(self.endless(100).inspect(move |_| drop(format!("{requests:?}"))))
    }

    async fn talk_and_listen(
        &self,
        mut requests: Streaming<Bytes>,
    ) -> Result<impl Stream<Item = Items<Bytes>>, String> {
        let heard = Arc::clone(&self.heard);
        tokio::spawn(async move {
            while requests.next().await.is_some_and(|request| request.is_ok()) {
                heard.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(self.endless(100))
    }

    async fn one_by_one(&self) -> Result<impl Stream<Item = Items<u32>>, String> {
        let guard = self.begin();
        let second = async move {
            let _guard = guard;
            self.release.acquire().await.expect("never closed").forget();
            Ok(2)
        };
        Ok(stream::iter([Ok(1)]).chain(stream::once(second)))
    }

    async fn compute(&self) -> Result<impl Stream<Item = Items<u32>>, String> {
        let guard = self.begin();
        let second = async move {
            let _guard = guard;
            tokio::task::yield_now().await;
            let context = Context::current().expect("a handler has a context");
            while !context.is_cancelled() {
                std::hint::spin_loop();
            }
            Ok(2)
        };
        Ok(stream::iter([Ok(1)]).chain(stream::once(second)))
    }

    async fn time_left(&self) -> Result<impl Stream<Item = Items<Option<Duration>>>, String> {
        let left = Context::current().expect("a handler has a context").time_left();
        Ok(stream::iter([Ok(left)]))
    }

    async fn repeat(&self, part: Bytes, times: u32) -> Result<impl Stream<Item = Items<Bytes>>, String> {
        Ok(stream::iter(0..times).map(move |_| Ok(part.clone())))
    }
}

impl Observer {
    fn produced(&self) -> usize {
        self.handler.produced.load(Ordering::SeqCst)
    }

    async fn expect_dropped(&mut self) {
        let dropped = tokio::time::timeout(Duration::from_secs(60), self.dropped.recv()).await;
        dropped.expect("in time").expect("the service lives");
    }

    fn calls_alive(&self) -> usize {
        // One here, one in the service.
        Arc::strong_count(&self.handler.alive) - 2
    }
}

fn flow() -> (FlowServer<MyFlow>, Observer) {
    let (dropped, seen) = mpsc::unbounded_channel();
    let handler = MyFlow {
        list: Arc::new(["one", "two", "three"].map(String::from).to_vec()),
        alive: Arc::default(),
        produced: Arc::default(),
        heard: Arc::default(),
        release: Arc::new(Semaphore::new(0)),
        dropped,
    };
    // A clone of the handler would hold what is counted.
    let observed = MyFlow { alive: Arc::clone(&handler.alive), ..handler.clone() };
    (FlowServer::new(handler), Observer { handler: observed, dropped: seen })
}

async fn serve(
    server: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
    client: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
) -> (Server, Observer, FlowClient) {
    let (service, observer) = flow();
    let config = server(common::development()).build().expect("valid");
    let server = Server::builder(config).service(service).start().await.expect("a free port");
    let config = client(ClientConfig::development()).build().expect("valid");
    let client = FlowClient::connect(server.local_addr(), config).await.expect("the server is there");
    (server, observer, client)
}

async fn serve_by_default() -> (Server, Observer, FlowClient) {
    serve(|config| config, |config| config).await
}

/// Waits until `count` grows no more, though there was time for hundreds of round trips.
async fn stalled(client: &FlowClient, count: impl Fn() -> usize) -> usize {
    loop {
        let before = count();
        for number in 0..200 {
            assert_eq!(client.ping(number).await.expect("unary calls go on"), number);
        }
        if before > 0 && count() == before {
            return before;
        }
    }
}

/// Requests for ever, counted when they are asked for.
fn counted(length: usize) -> (impl Stream<Item = Bytes> + Send + use<>, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let item = Bytes::from(vec![7; length]);
    let requests = stream::repeat_with(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        item.clone()
    });
    (requests, asked)
}

fn channel<T: Send + 'static>() -> (mpsc::UnboundedSender<T>, impl Stream<Item = T> + Send + use<T>) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    (sender, stream::poll_fn(move |cx| receiver.poll_recv(cx)))
}

#[tokio::test]
async fn items_of_no_bytes_are_items() {
    let (_server, _observer, client) = serve_by_default().await;
    let empty = vec![Bytes::new(); 1000];
    let answer = client.echo(stream::iter(empty.clone())).await.expect("it begins");
    let items: Vec<Bytes> = answer.map(|item| item.expect("an item")).collect().await;
    assert_eq!(items, empty);
}

#[tokio::test]
async fn a_stream_may_borrow_what_its_handler_owns() {
    let (_server, _observer, client) = serve_by_default().await;
    let items: Vec<String> = client.list().await.expect("it begins").map(|item| item.expect("an item")).collect().await;
    assert_eq!(items, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_producer_is_held_up_by_a_caller_that_does_not_read() {
    let window = |config: ClientConfigBuilder| config.with_stream_window_bytes(64 * 1024);
    let (_server, observer, client) = serve(|config| config, window).await;
    let mut answer = client.produce(1000).await.expect("it begins");
    let produced = stalled(&client, || observer.produced()).await;
    assert!(produced < HELD_UP, "{produced} items of 1,000 bytes");
    for _ in 0..5000 {
        assert_eq!(answer.next().await.expect("an item").expect("a good one").len(), 1000);
    }
    assert!(observer.produced() >= 5000);
}

#[tokio::test]
async fn a_caller_is_held_up_by_a_handler_that_does_not_read() {
    let window = |config: ServerConfigBuilder| config.with_stream_window_bytes(64 * 1024);
    let (_server, _observer, client) = serve(window, |config| config).await;
    let (requests, asked) = counted(1000);
    let call = tokio::spawn(client.ignore(requests));
    let asked = stalled(&client, || asked.load(Ordering::SeqCst)).await;
    assert!(asked < HELD_UP, "{asked} requests of 1,000 bytes");
    call.abort();
}

#[tokio::test]
async fn in_process_a_producer_and_a_caller_are_held_up_as_well() {
    let (service, observer) = flow();
    let client = FlowClient::new(InProcess::new(service));
    let answer = client.produce(1000).await.expect("it begins");
    let (requests, asked) = counted(1000);
    let call = tokio::spawn(client.ignore(requests));
    until("both have begun", || observer.produced() > 0 && asked.load(Ordering::SeqCst) > 0).await;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(observer.produced() < 200, "{} items of 1,000 bytes", observer.produced());
    assert!(asked.load(Ordering::SeqCst) < 200, "{asked:?} requests of 1,000 bytes");
    drop(answer);
    call.abort();
}

#[tokio::test]
async fn a_handler_may_answer_before_it_has_read_all_requests() {
    let (_server, _observer, client) = serve_by_default().await;
    let (requests, _asked) = counted(1000);
    assert_eq!(client.first(requests).await.expect("an answer").len(), 1000);
    let one_and_silence = stream::iter([Bytes::from("one")]).chain(stream::pending());
    assert_eq!(client.first(one_and_silence).await.expect("an answer"), "one");
}

#[tokio::test]
async fn answers_flow_while_requests_are_held_up() {
    let window = |config: ServerConfigBuilder| config.with_stream_window_bytes(64 * 1024);
    let (_server, _observer, client) = serve(window, |config| config).await;
    let (requests, asked) = counted(1000);
    let mut answer = client.talk(requests).await.expect("it begins");
    let held_up = stalled(&client, || asked.load(Ordering::SeqCst)).await;
    for _ in 0..20_000 {
        answer.next().await.expect("an item").expect("a good one");
    }
    assert_eq!(asked.load(Ordering::SeqCst), held_up);
}

#[tokio::test]
async fn requests_flow_while_answers_are_held_up() {
    let window = |config: ClientConfigBuilder| config.with_stream_window_bytes(64 * 1024);
    let (_server, observer, client) = serve(|config| config, window).await;
    let (requests, sent) = channel();
    let _answer = client.talk_and_listen(sent).await.expect("it begins");
    let held_up = stalled(&client, || observer.produced()).await;
    for _ in 0..20_000 {
        requests.send(Bytes::from_static(&[7; 100])).expect("it is taken");
    }
    until("all were heard", || observer.handler.heard.load(Ordering::SeqCst) == 20_000).await;
    assert_eq!(observer.produced(), held_up);
}

#[tokio::test]
async fn an_item_is_not_held_back_for_the_next() {
    let (_server, observer, client) = serve_by_default().await;
    let mut answer = client.one_by_one().await.expect("it begins");
    assert_eq!(answer.next().await.expect("an item").expect("a good one"), 1);
    observer.handler.release.add_permits(1);
    assert_eq!(answer.next().await.expect("an item").expect("a good one"), 2);
    assert!(answer.next().await.is_none());
}

#[tokio::test]
async fn a_request_is_not_held_back_for_the_next() {
    let (_server, _observer, client) = serve_by_default().await;
    let (requests, sent) = channel();
    let mut answer = client.echo(sent).await.expect("it begins");
    for number in 0..100_u8 {
        requests.send(Bytes::from(vec![number])).expect("it is taken");
        assert_eq!(answer.next().await.expect("an item").expect("a good one"), vec![number]);
    }
    drop(requests);
    assert!(answer.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_computes_between_items_learns_that_nobody_waits() {
    let (server, mut observer, client) = serve_by_default().await;
    let mut answer = client.compute().await.expect("it begins");
    assert_eq!(answer.next().await.expect("an item").expect("a good one"), 1);
    drop(answer);
    observer.expect_dropped().await;
    until("the call is over", || server.calls_in_flight() == 0).await;
}

/// Relies on what s2n-quic does with a read into no room: see `poll_failure` in `transport/quic/stream.rs`.
#[tokio::test]
async fn a_caller_that_leaves_is_noticed_though_its_handler_reads_nothing() {
    let window = |config: ServerConfigBuilder| config.with_stream_window_bytes(256 * 1024);
    let (server, mut observer, client) = serve(window, |config| config).await;
    let (requests, asked) = counted(1000);
    let call = tokio::spawn(client.ignore(requests));
    let asked = stalled(&client, || asked.load(Ordering::SeqCst)).await;
    assert!(asked > 100, "the handler's queue is full: {asked}");
    assert!(!call.is_finished() && observer.calls_alive() == 1);
    call.abort();
    observer.expect_dropped().await;
    until("the call is over", || server.calls_in_flight() == 0).await;
}

#[tokio::test]
async fn a_stream_that_is_dropped_unread_harms_no_other() {
    let (_server, mut observer, client) = serve_by_default().await;
    let mut other = client.one_by_one().await.expect("it begins");
    assert_eq!(other.next().await.expect("an item").expect("a good one"), 1);
    for _ in 0..5 {
        let before = observer.produced();
        let unread = client.produce(1000).await.expect("it begins");
        stalled(&client, || observer.produced() - before).await;
        drop(unread);
        observer.expect_dropped().await;
    }
    assert_eq!(client.ping(1).await.expect("an answer"), 1);
    observer.handler.release.add_permits(1);
    assert_eq!(other.next().await.expect("an item").expect("on the same connection"), 2);
}

#[tokio::test]
async fn an_upload_that_is_given_up_unread_harms_no_other_stream() {
    let (_server, mut observer, client) = serve_by_default().await;
    let mut other = client.one_by_one().await.expect("it begins");
    assert_eq!(other.next().await.expect("an item").expect("a good one"), 1);
    for _ in 0..5 {
        let (requests, asked) = counted(1000);
        let call = tokio::spawn(client.ignore(requests));
        stalled(&client, || asked.load(Ordering::SeqCst)).await;
        call.abort();
        observer.expect_dropped().await;
    }
    assert_eq!(client.ping(1).await.expect("an answer"), 1);
    observer.handler.release.add_permits(1);
    assert_eq!(other.next().await.expect("an item").expect("on the same connection"), 2);
}

#[tokio::test]
async fn requests_that_are_wanted_no_more_harm_no_other_stream() {
    let (_server, observer, client) = serve_by_default().await;
    let mut other = client.one_by_one().await.expect("it begins");
    assert_eq!(other.next().await.expect("an item").expect("a good one"), 1);
    for _ in 0..20 {
        let (requests, _asked) = counted(100_000);
        assert_eq!(client.first(requests).await.expect("an answer").len(), 100_000);
    }
    assert_eq!(client.ping(1).await.expect("an answer"), 1);
    observer.handler.release.add_permits(1);
    assert_eq!(other.next().await.expect("an item").expect("on the same connection"), 2);
}

#[tokio::test]
async fn a_lost_connection_is_noticed_though_the_handler_reads_nothing() {
    let idle = Duration::from_secs(1);
    let (server, mut observer, _) = serve(|config| config.with_idle_timeout(idle), |config| config).await;
    let proxy = common::proxy::Proxy::to(server.local_addr());
    let client = FlowClient::new(common::raw_client_over(&proxy, ClientConfig::development()).await);
    let (requests, asked) = counted(1000);
    let call = tokio::spawn(client.ignore(requests));
    stalled(&client, || asked.load(Ordering::SeqCst)).await;
    proxy.swallow(true);
    observer.expect_dropped().await;
    until("the call is over", || server.calls_in_flight() == 0).await;
    call.abort();
}

async fn left<C: Channel>(client: &FlowClient<C>) -> Option<Duration> {
    client.time_left().await.expect("it begins").next().await.expect("an item").expect("a good one")
}

#[tokio::test]
async fn a_stream_has_a_deadline_only_if_it_was_given_one() {
    let (_server, _observer, client) =
        serve(|config| config, |config| config.with_deadline(Duration::from_secs(5))).await;
    assert_eq!(left(&client).await, None);
    let given = left(&client.with_deadline(Duration::from_secs(60))).await.expect("a deadline");
    assert!(given > Duration::from_secs(50) && given <= Duration::from_secs(60), "{given:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_one_of_the_whole_stream_and_the_default_only_of_its_beginning() {
    const HOUR: Duration = Duration::from_secs(3600);
    let (service, mut observer) = flow();
    let client = FlowClient::new(InProcess::new(service).with_deadline(Duration::from_secs(5)));
    let mut lasting = client.one_by_one().await.expect("it begins");
    assert_eq!(lasting.next().await.expect("an item").expect("a good one"), 1);
    tokio::time::advance(HOUR).await;
    observer.handler.release.add_permits(1);
    assert_eq!(lasting.next().await.expect("an item").expect("an hour later"), 2);

    let begun = tokio::time::Instant::now();
    let mut limited = client.with_deadline(HOUR).one_by_one().await.expect("it begins");
    assert_eq!(limited.next().await.expect("an item").expect("a good one"), 1);
    let error = limited.next().await.expect("an end").expect_err("too late");
    assert_eq!(error.rpc().map(|error| error.kind()), Some(ErrorKind::DeadlineExceeded));
    assert_eq!(begun.elapsed().as_secs(), HOUR.as_secs());
    drop(lasting);
    observer.expect_dropped().await;
}

/// A service whose handler reads a stream of another.
#[rpcnet::service]
trait Relay {
    async fn time_left_behind(&self) -> Result<Option<Duration>, String>;
}

struct MyRelay(FlowClient);

impl Relay for MyRelay {
    async fn time_left_behind(&self) -> Result<Option<Duration>, String> {
        Ok(left(&self.0).await)
    }
}

#[tokio::test]
async fn a_stream_that_a_handler_reads_inherits_what_is_left() {
    let (_server, _observer, behind) = serve_by_default().await;
    let config = common::development().build().expect("valid");
    let relay = Server::builder(config).service(RelayServer::new(MyRelay(behind))).start().await.expect("a free port");
    let client = RelayClient::new(common::raw_client(&relay).await);
    let left = client.with_deadline(Duration::from_secs(5)).time_left_behind().await.expect("an answer");
    assert!(left.is_some_and(|left| left <= Duration::from_secs(5)), "{left:?}");
}

#[tokio::test]
async fn two_hundred_streams_share_a_connection() {
    const STREAMS: usize = 200;
    let (server, observer, client) = serve_by_default().await;
    let mut streams = Vec::new();
    for number in 0..STREAMS {
        let (requests, sent) = channel();
        requests.send(Bytes::from(number.to_string())).expect("it is taken");
        streams.push((requests, client.echo(sent).await.expect("it begins")));
    }
    assert_eq!(server.calls_in_flight(), STREAMS);
    for (number, (_, answer)) in streams.iter_mut().enumerate() {
        assert_eq!(answer.next().await.expect("an item").expect("a good one"), number.to_string());
    }
    for (requests, answer) in &mut streams {
        *requests = mpsc::unbounded_channel().0;
        assert!(answer.next().await.is_none());
    }
    until("all are over", || server.calls_in_flight() == 0 && observer.calls_alive() == 0).await;
}

#[tokio::test]
async fn ten_thousand_streams_opened_and_dropped_leave_nothing_behind() {
    const AT_ONCE: usize = 100;
    let (server, observer, client) = serve_by_default().await;
    for _ in 0..100 {
        let mut calls = JoinSet::new();
        for number in 0..AT_ONCE {
            let client = client.clone();
            calls.spawn(async move {
                // Some leave before they have a stream, some with one, some after an item.
                let begins = client.one_by_one();
                if number % 3 > 0 {
                    let mut answer = begins.await.expect("it begins");
                    if number % 3 > 1 {
                        assert_eq!(answer.next().await.expect("an item").expect("a good one"), 1);
                    }
                } else {
                    assert!(futures::poll!(Box::pin(begins)).is_pending());
                }
            });
        }
        while let Some(call) = calls.join_next().await {
            call.expect("no panic");
        }
    }
    until("no call is in flight", || server.calls_in_flight() == 0).await;
    until("no handler is left", || observer.calls_alive() == 0).await;
    assert_eq!(client.ping(1).await.expect("unharmed"), 1);
}

#[tokio::test]
async fn large_arguments_and_large_items_arrive_whole() {
    let (_server, _observer, client) = serve_by_default().await;
    for length in [70_000, 1_000_000] {
        let part: Bytes = (0..length).map(|at| (at % 251) as u8).collect();
        let answer = client.repeat(part.clone(), 5).await.expect("it begins");
        let items: Vec<Bytes> = answer.map(|item| item.expect("an item")).collect().await;
        assert_eq!(items, vec![part.clone(); 5]);
        let requests = stream::iter(vec![part.clone(); 5]);
        let items: Vec<Bytes> =
            client.echo(requests).await.expect("it begins").map(|item| item.expect("an item")).collect().await;
        assert_eq!(items, vec![part; 5]);
    }
}

#[tokio::test]
async fn unary_calls_flow_while_nobody_reads_the_streams() {
    let (_server, observer, client) = serve_by_default().await;
    let mut unread = Vec::new();
    for _ in 0..8 {
        unread.push(client.produce(10_000).await.expect("it begins"));
    }
    let (requests, _asked) = counted(10_000);
    let ignored = tokio::spawn(client.ignore(requests));
    stalled(&client, || observer.produced()).await;
    assert_eq!(client.with_deadline(Duration::from_secs(10)).ping(7).await.expect("an answer"), 7);
    for answer in &mut unread {
        answer.next().await.expect("an item").expect("a good one");
    }
    ignored.abort();
}

#[tokio::test]
async fn a_caller_learns_at_once_that_its_requests_are_wanted_no_more() {
    let (_server, _observer, client) = serve_by_default().await;
    let (guard, let_go) = oneshot::channel::<()>();
    let wait = stream::once(async move {
        let _guard = guard;
        pending::<Bytes>().await
    });
    let requests = stream::iter([Bytes::from("one")]).chain(wait);
    assert_eq!(client.first(requests).await.expect("an answer"), "one");
    let_go.await.expect_err("dropped with the call");
}
