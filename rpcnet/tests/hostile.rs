//! Peers that break the protocol: each gets a clear end, and nobody else is harmed.

mod common;

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use common::{Observer, ProbeClient, development, serve};
use futures::poll;
use rpcnet::{ClientConfig, ErrorKind, Executed, Identity, RpcError, Server, ServerConfig, ServerConfigBuilder};
use s2n_quic::{
    client::Connect,
    connection::Error as ConnectionError,
    provider::tls::rustls as quic_tls,
    stream::{BidirectionalStream, SendStream},
};
use tokio::sync::Semaphore;

const CONTROL: u8 = 0x01;
const LANE: u8 = 0x02;
const CALL: u8 = 0x03;

const CLOSED_FOR_PROTOCOL: u64 = 1;
const CLOSED_FOR_NO_HELLO: u64 = 3;
const CLOSED_FOR_UNREAD: u64 = 4;

/// A hello of protocol version 1 that takes large messages, as docs/WIRE.md has it.
const HELLO: [u8; 24] = hello(1, 1);

const fn hello(version_min: u8, version_max: u8) -> [u8; 24] {
    [0x81, 20, 0, 0, b'r', b'p', b'c', b'n', version_min, 0, version_max, 0, 0, 16, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0]
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = ((payload.len() as u32) << 8 | u32::from(kind)).to_le_bytes().to_vec();
    frame.extend(payload);
    frame
}

/// A request of the raw method `hold`, which never ends.
fn request(call_id: u32) -> Vec<u8> {
    request_within(call_id, 0)
}

/// The same with so many milliseconds left.
fn request_within(call_id: u32, time_left_ms: u32) -> Vec<u8> {
    request_to("hold", call_id, time_left_ms)
}

fn request_to(method: &str, call_id: u32, time_left_ms: u32) -> Vec<u8> {
    let mut payload = call_id.to_le_bytes().to_vec();
    payload.extend(time_left_ms.to_le_bytes());
    // FNV-1a.
    let id = method
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    payload.extend(id.to_le_bytes());
    payload.push(0);
    frame(0x90, &payload)
}

/// How long a client tries, and how long the server waits for a hello where a test waits for that.
const HANDSHAKE_MAX: Duration = Duration::from_secs(6);

/// Time enough for a handler to begin, on a machine that has other things to do as well.
const SOON_MS: u32 = 2000;

/// A server under attack, and an honest client of it.
struct Victim {
    server: Server,
    identity: Identity,
    honest: ProbeClient,
    _observer: Observer,
    /// Lets calls of `small` and `large` answer.
    release: Arc<Semaphore>,
}

impl Victim {
    async fn start() -> Self {
        Self::with(|config| config.with_message_bytes_max(10_000)).await
    }

    /// With limits of the test's own.
    async fn with(limits: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder) -> Self {
        let identity = Identity::self_signed(["localhost"]).expect("a name");
        let config = ServerConfig::builder().with_bind_addr("127.0.0.1:0").with_identity(identity.clone());
        let config = limits(config).build().expect("a valid configuration");
        let release = Arc::new(Semaphore::new(0));
        let produce = |length: usize| {
            let release = Arc::clone(&release);
            move |_| {
                let release = Arc::clone(&release);
                async move {
                    release.acquire().await.expect("never closed").forget();
                    Ok(vec![7; length])
                }
            }
        };
        let (service, observer) = common::probe();
        let server = Server::builder(config)
            .service(service)
            .register("hold", |_| std::future::pending::<Result<Bytes, RpcError>>())
            .register("small", produce(60_000))
            .register("large", produce(1 << 20))
            .start()
            .await
            .expect("a free port");
        let honest = common::connect(&server).await;
        Self { server, identity, honest, _observer: observer, release }
    }

    /// A QUIC connection that says nothing yet, with the application protocol `alpn`.
    async fn quic(&self, alpn: &str) -> Result<s2n_quic::Connection, ConnectionError> {
        let tls = quic_tls::Client::builder()
            .with_certificate(self.identity.certificate_pem().as_str())
            .expect("a certificate")
            .with_application_protocols([alpn].into_iter())
            .expect("a protocol")
            .build()
            .expect("a TLS configuration");
        let limits = s2n_quic::provider::limits::Limits::new()
            .with_max_handshake_duration(HANDSHAKE_MAX)
            .expect("a legal limit");
        let client = s2n_quic::Client::builder()
            .with_tls(tls)
            .expect("TLS")
            .with_io("127.0.0.1:0")
            .expect("a socket")
            .with_limits(limits)
            .expect("limits")
            .start()
            .expect("an endpoint");
        client.connect(Connect::new(self.server.local_addr()).with_server_name("localhost")).await
    }

    /// A connection after the hellos, and its control stream.
    async fn greeted(&self) -> (s2n_quic::Connection, BidirectionalStream) {
        let mut connection = self.quic("rpcnet/1").await.expect("a handshake");
        let mut control = opened(&mut connection, CONTROL, &HELLO).await;
        assert!(control.receive().await.expect("the server's hello").is_some());
        (connection, control)
    }

    /// The honest client, over its old connection and over a new one.
    async fn is_unharmed(&self) {
        self.honest.echo("old".into()).await.expect("an answer");
        common::connect(&self.server).await.echo("new".into()).await.expect("an answer");
        common::until("no call is left", || self.server.calls_in_flight() == 0).await;
    }
}

async fn opened(connection: &mut s2n_quic::Connection, kind: u8, bytes: &[u8]) -> BidirectionalStream {
    let mut stream = connection.open_bidirectional_stream().await.expect("a stream");
    let mut all = vec![kind];
    all.extend(bytes);
    stream.send(all.into()).await.expect("it is taken");
    stream
}

/// What the server says next on a stream; in vain, the test fails.
async fn answer(stream: &mut BidirectionalStream) -> Bytes {
    let answer = tokio::time::timeout(common::IN_VAIN, stream.receive()).await;
    answer.expect("in time").expect("no failure").expect("an answer")
}

/// The code with which the other side closed.
async fn close_code(mut connection: s2n_quic::Connection) -> u64 {
    loop {
        match connection.accept().await {
            Ok(Some(_)) => {}
            Ok(None) => return 0,
            Err(ConnectionError::Application { error, .. }) => return error.into(),
            Err(other) => panic!("closed by {other}"),
        }
    }
}

/// Sends `bytes` on a new stream of `kind` and expects the connection to be closed for it.
async fn check_lane_is_refused(name: &str, bytes: &[u8]) {
    let victim = Victim::start().await;
    let (mut connection, control) = victim.greeted().await;
    let mut stream = opened(&mut connection, LANE, bytes).await;
    // The end of the stream, for those that are cut short; the others may be closed already.
    let _ = stream.finish();
    assert_eq!(close_code(connection).await, CLOSED_FOR_PROTOCOL, "{name}");
    drop(control);
    victim.is_unharmed().await;
}

#[tokio::test]
async fn garbage_and_frames_out_of_order_close_the_connection_alone() {
    check_lane_is_refused("garbage", &[0xff; 64]).await;
    check_lane_is_refused("a frame cut short", &request(0)[..10]).await;
    check_lane_is_refused("a header cut short", &[0x90, 1]).await;
    check_lane_is_refused("a request too short for its head", &frame(0x90, &[0; 16])).await;
    check_lane_is_refused("a frame too long", &[0x90, 0xff, 0xff, 0xff]).await;
    check_lane_is_refused("a response to the server", &frame(0x91, &[0; 6])).await;
    check_lane_is_refused("a hello on a lane", &HELLO).await;
    check_lane_is_refused("a call id in use", &[request(7), request(7)].concat()).await;
    check_lane_is_refused("a call id beyond the limit", &request(1 << 20)).await;
    check_lane_is_refused("a cancel without an id", &frame(0x12, &[1])).await;
}

#[tokio::test]
async fn streams_that_should_not_be_close_the_connection_alone() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let _second = opened(&mut connection, CONTROL, &HELLO).await;
    assert_eq!(close_code(connection).await, CLOSED_FOR_PROTOCOL, "a second control stream");

    let (mut connection, _control) = victim.greeted().await;
    let _unknown = opened(&mut connection, 0x77, &[]).await;
    assert_eq!(close_code(connection).await, CLOSED_FOR_PROTOCOL, "an unknown stream");

    let mut connection = victim.quic("rpcnet/1").await.expect("a handshake");
    let _early = opened(&mut connection, LANE, &request(0)).await;
    assert_eq!(close_code(connection).await, CLOSED_FOR_PROTOCOL, "a lane before the hello");

    let mut connection = victim.quic("rpcnet/1").await.expect("a handshake");
    let _garbage = opened(&mut connection, CONTROL, b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(close_code(connection).await, CLOSED_FOR_PROTOCOL, "another protocol");
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_client_that_never_says_hello_is_closed() {
    let victim = Victim::with(|config| config.with_handshake_timeout(HANDSHAKE_MAX)).await;
    let silent = victim.quic("rpcnet/1").await.expect("a handshake");
    assert_eq!(close_code(silent).await, CLOSED_FOR_NO_HELLO);
    let mut half = victim.quic("rpcnet/1").await.expect("a handshake");
    let _stream = opened(&mut half, CONTROL, &HELLO[..10]).await;
    assert_eq!(close_code(half).await, CLOSED_FOR_NO_HELLO);
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_client_of_another_version_learns_the_servers() {
    let victim = Victim::with(|config| config.with_handshake_timeout(HANDSHAKE_MAX)).await;
    let mut connection = victim.quic("rpcnet/1").await.expect("a handshake");
    let mut control = opened(&mut connection, CONTROL, &hello(9, 12)).await;
    let answer = control.receive().await.expect("a hello").expect("a hello");
    assert_eq!(&answer[4..12], [b'r', b'p', b'c', b'n', 1, 0, 1, 0]);
    let lane = opened(&mut connection, LANE, &request(0)).await;
    assert_eq!(close_code(connection).await, CLOSED_FOR_PROTOCOL, "nothing is served without a common version");
    drop((control, lane));

    let mut connection = victim.quic("rpcnet/1").await.expect("a handshake");
    let _control = opened(&mut connection, CONTROL, &hello(9, 12)).await;
    assert_eq!(close_code(connection).await, CLOSED_FOR_NO_HELLO, "it is the client who should have closed");
    victim.is_unharmed().await;
}

#[tokio::test]
async fn the_server_ends_an_overdue_call_without_being_asked() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let mut lane = opened(&mut connection, LANE, &request_within(5, SOON_MS)).await;
    let answer = answer(&mut lane).await;
    assert_eq!(&answer[..10], [0x91, 6, 0, 0, 5, 0, 0, 0, 0x22, 0], "deadline exceeded");
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_client_that_ends_its_lane_still_gets_the_answers_and_then_the_end() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let mut lane = opened(&mut connection, LANE, &request_within(5, SOON_MS)).await;
    lane.finish().expect("it is open");
    assert_eq!(answer(&mut lane).await[8], 0x22, "deadline exceeded");
    assert!(lane.receive().await.expect("a good end").is_none());
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_cancelled_call_still_gets_its_one_answer_and_its_id_is_free_then() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let cancel = frame(0x12, &[5, 0, 0, 0]);
    let mut lane = opened(&mut connection, LANE, &[request(5), cancel.clone()].concat()).await;
    for _ in 0..3 {
        let answer = answer(&mut lane).await;
        assert_eq!(answer[..8], [0x91, 6, 0, 0, 5, 0, 0, 0]);
        assert!([0x17, 0x21].contains(&answer[8]), "cancelled, before or after its start: {answer:02x?}");
        // Twice cancelled, and once more after its end: all the same.
        lane.send([cancel.clone(), request(5), cancel.clone(), cancel.clone()].concat().into()).await.expect("open");
    }
    answer(&mut lane).await;
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_request_larger_than_allowed_is_refused_on_a_lane_too() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let payload = [&request(1)[4..], &[0; 20_000]].concat();
    let mut lane = opened(&mut connection, LANE, &frame(0x90, &payload)).await;
    assert_eq!(answer(&mut lane).await[8], 0x13, "request too large");
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_lost_connection_cancels_a_large_call() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let _held = opened(&mut connection, CALL, &[request(0), frame(0xa1, &[1; 1000])].concat()).await;
    common::until("the handler runs", || victim.server.calls_in_flight() == 1).await;
    connection.close(0_u32.into());
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_stopped_server_cancels_a_large_call() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let _held = opened(&mut connection, CALL, &[request(0), frame(0xa1, &[1; 1000])].concat()).await;
    common::until("the handler runs", || victim.server.calls_in_flight() == 1).await;
    victim.server.stop().await;
    common::until("the handler is dropped", || victim.server.calls_in_flight() == 0).await;
}

#[tokio::test]
async fn a_call_with_an_unknown_critical_field_is_refused_and_one_with_an_optional_field_is_served() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let with_field = |call_id: u8, tag: u8| {
        let mut payload = request(u32::from(call_id))[4..].to_vec();
        payload[16] = 1;
        payload.extend([4, 0, tag, 1, 0, 9]);
        frame(0x90, &payload)
    };
    let unknown_frame = frame(0x7f, b"skipped");
    let all = [unknown_frame, with_field(1, 0x7f), with_field(2, 0xff)].concat();
    let mut lane = opened(&mut connection, LANE, &all).await;
    let answer = answer(&mut lane).await;
    assert_eq!(&answer[..], [0x91, 6, 0, 0, 2, 0, 0, 0, 0x16, 0], "unsupported");
    common::until("the other runs", || victim.server.calls_in_flight() == 1).await;
    connection.close(0_u32.into());
    victim.is_unharmed().await;
}

#[tokio::test]
async fn another_application_protocol_parts_in_the_handshake() {
    let victim = Victim::start().await;
    assert!(victim.quic("h3").await.is_err());
    victim.quic("rpcnet/1").await.expect("time enough for one of ours");
    victim.is_unharmed().await;
}

#[tokio::test]
async fn large_requests_cut_short_or_given_up_leave_nothing_behind() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let mut given_up = opened(&mut connection, CALL, &[request(0), frame(0xa0, &[1; 1000])].concat()).await;
    given_up.reset(1_u32.into()).expect("it is open");
    let mut held = opened(&mut connection, CALL, &[request(0), frame(0xa1, &[1; 1000])].concat()).await;
    common::until("the handler runs", || victim.server.calls_in_flight() == 1).await;
    held.reset(1_u32.into()).expect("it is open");
    common::until("the handler is dropped", || victim.server.calls_in_flight() == 0).await;
    let mut short = opened(&mut connection, CALL, &[request(0), frame(0xa0, &[1; 1000])].concat()).await;
    short.finish().expect("it is open");
    let mut endless = opened(&mut connection, CALL, &request(0)).await;
    let fragment = Bytes::from(frame(0xa0, &[1; 60_000]));
    // More than the server takes: it refuses, and stops listening.
    let mut sent = 0;
    while endless.send(fragment.clone()).await.is_ok() {
        sent += fragment.len();
        assert!(sent < 64 << 20, "the server reads for ever");
    }
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_client_that_ignores_the_go_away_is_refused_until_it_is_cut_off() {
    let victim = Victim::start().await;
    let (mut connection, mut control) = victim.greeted().await;
    let mut lane = opened(&mut connection, LANE, &request_within(5, SOON_MS)).await;
    assert_eq!(answer(&mut lane).await[8], 0x22, "deadline exceeded");
    victim.server.stop_accepting();
    let go_away = answer(&mut control).await;
    assert_eq!(&go_away[..], [0x84, 4, 0, 0, 0, 0, 0, 0], "no end is decided yet");
    lane.send(request(6).into()).await.expect("it is open");
    assert_eq!(answer(&mut lane).await[..10], [0x91, 6, 0, 0, 6, 0, 0, 0, 0x12, 0], "draining");
    let large = [request(0), frame(0xa1, &[1; 1000])].concat();
    let mut large = opened(&mut connection, CALL, &large).await;
    assert_eq!(answer(&mut large).await[8], 0x12, "draining");
    // The connection of this client is the only one left, when the honest one has had time to leave.
    let ended = victim.server.shutdown(Duration::from_secs(2)).await;
    assert!(matches!(ended, rpcnet::Shutdown::CutOff { calls: 0, connections: 1, .. }), "{ended:?}");
    assert_eq!(close_code(connection).await, 0);
}

/// Room for a few megabytes.
fn tight(config: ServerConfigBuilder) -> ServerConfigBuilder {
    config
        .with_message_bytes_max(1 << 20)
        .with_buffer_bytes_per_connection_max(BUFFER_BYTES_MAX)
        .with_buffer_bytes_max(4 * BUFFER_BYTES_MAX)
}

const BUFFER_BYTES_MAX: usize = 4 << 20;

/// Calls `method` so often at once that the answers do not fit, and reads none of them.
async fn check_unread(method: &str, calls: u32) {
    let victim = Victim::with(tight).await;
    let (mut connection, control) = victim.greeted().await;
    let requests: Vec<u8> = (0..calls).flat_map(|call| request_to(method, call, 0)).collect();
    let _lane = opened(&mut connection, LANE, &requests).await;
    common::until("all of them run", || victim.server.calls_in_flight() == calls as usize).await;
    victim.release.add_permits(calls as usize);
    assert_eq!(close_code_unread(connection).await, CLOSED_FOR_UNREAD, "{method}");
    drop(control);
    victim.is_unharmed().await;
    common::until("nothing is held", || victim.server.buffered_bytes() == 0).await;
}

/// The same as `close_code`, without taking the streams that come.
async fn close_code_unread(mut connection: s2n_quic::Connection) -> u64 {
    match connection.accept_bidirectional_stream().await {
        Err(ConnectionError::Application { error, .. }) => error.into(),
        other => panic!("closed by {other:?}"),
    }
}

#[tokio::test]
async fn a_client_that_never_reads_its_answers_is_thrown_out() {
    check_unread("small", 1000).await;
    check_unread("large", 50).await;
}

#[tokio::test]
async fn a_client_that_stalls_amid_its_requests_takes_its_own_room_alone_and_is_thrown_out() {
    let victim = Victim::with(|config| tight(config).with_stall_timeout(Duration::from_secs(6))).await;
    let (mut connection, control) = victim.greeted().await;
    let part = frame(0xa0, &[1; 60_000]).repeat(12);
    let begun = [request(0), part].concat();
    let mut stalled = Vec::new();
    for _ in 0..3 {
        stalled.push(opened(&mut connection, CALL, &begun).await);
    }
    common::until("they are being read", || victim.server.buffered_bytes() > BUFFER_BYTES_MAX / 2).await;
    let mut another = opened(&mut connection, CALL, &begun).await;
    assert_eq!(answer(&mut another).await[8], 0x11, "overloaded");
    common::connect(&victim.server).await.echo(vec![5; 900_000].into()).await.expect("room of its own");
    assert_eq!(close_code(connection).await, CLOSED_FOR_UNREAD);
    drop((control, stalled));
    victim.is_unharmed().await;
    common::until("nothing is held", || victim.server.buffered_bytes() == 0).await;
}

#[tokio::test]
async fn a_client_with_too_many_lanes_is_closed() {
    let victim = Victim::start().await;
    let (mut connection, _control) = victim.greeted().await;
    let mut lanes = Vec::new();
    for _ in 0..17 {
        lanes.push(opened(&mut connection, LANE, &[]).await);
    }
    assert_eq!(close_code(connection).await, CLOSED_FOR_PROTOCOL);
    victim.is_unharmed().await;
}

#[tokio::test]
async fn a_client_that_opens_streams_and_leaves_leaves_nothing_behind() {
    let victim = Victim::with(tight).await;
    for _ in 0..5 {
        let (mut connection, _control) = victim.greeted().await;
        let begun = [request(0), frame(0xa0, &[1; 10_000])].concat();
        let mut streams = Vec::new();
        for _ in 0..90 {
            streams.push(opened(&mut connection, CALL, &begun).await);
        }
        common::until("some are being read", || victim.server.buffered_bytes() > 100_000).await;
        connection.close(0_u32.into());
    }
    common::until("nothing is held", || victim.server.buffered_bytes() == 0).await;
    victim.is_unharmed().await;
}

/// A server of the transport alone.
fn raw_server() -> s2n_quic::Server {
    let (certificate, key) = mint();
    let tls = quic_tls::Server::builder()
        .with_certificate(certificate.as_str(), key.as_str())
        .expect("a certificate")
        .with_application_protocols(["rpcnet/1"].into_iter())
        .expect("a protocol")
        .build()
        .expect("a TLS configuration");
    s2n_quic::Server::builder()
        .with_tls(tls)
        .expect("TLS")
        .with_io("127.0.0.1:0")
        .expect("a socket")
        .start()
        .expect("an endpoint")
}

/// A server that says what it is told to, whatever it is asked.
async fn liar(hello: &'static [u8], on_lane: Vec<u8>) -> (SocketAddr, ClientConfig, tokio::task::JoinHandle<()>) {
    let mut server = raw_server();
    let addr = server.local_addr().expect("bound");
    let task = tokio::spawn(async move {
        while let Some(mut connection) = server.accept().await {
            let mut open: Vec<SendStream> = Vec::new();
            while let Ok(Some(stream)) = connection.accept_bidirectional_stream().await {
                let (mut receive, mut send) = stream.split();
                let mut first = receive.receive().await.ok().flatten().unwrap_or_default();
                if first[..] == [LANE] {
                    // It answers requests, not the stream.
                    first = receive.receive().await.ok().flatten().unwrap_or_default();
                }
                let answer = if first.first() == Some(&CONTROL) { hello.to_vec() } else { on_lane.clone() };
                let _ = send.send(answer.into()).await;
                open.push(send);
                tokio::spawn(async move { while let Ok(Some(_)) = receive.receive().await {} });
            }
        }
    });
    let config = ClientConfig::development()
        .with_connect_timeout(Duration::from_secs(5))
        // What it says is about the first ids of one lane.
        .with_lanes(1)
        .build()
        .expect("a valid configuration");
    (addr, config, task)
}

#[tokio::test]
async fn a_client_opens_its_other_lanes_when_calls_overlap() {
    let mut server = raw_server();
    let addr = server.local_addr().expect("bound");
    let (one_has_come, second_call) = tokio::sync::oneshot::channel();
    let serving = tokio::spawn(async move {
        let mut connection = server.accept().await.expect("a connection");
        let (mut control, _) = accepted(&mut connection).await;
        control.send(HELLO.to_vec().into()).await.expect("it is taken");
        let (mut lane, mut read) = accepted(&mut connection).await;
        while !read.ends_with(b"first") {
            read.extend(answer(&mut lane).await);
        }
        assert!(poll!(pin!(connection.accept_bidirectional_stream())).is_pending(), "one call needs one lane");
        one_has_come.send(()).expect("the test waits");
        let others = [accepted(&mut connection).await, accepted(&mut connection).await];
        assert!(others.iter().all(|(_, read)| read[0] == LANE));
        drop(control);
    });
    let config = ClientConfig::development().with_lanes(3).build().expect("a valid configuration");
    let client = rpcnet::Client::connect(addr, config).await.expect("a connection");
    let first = client.call("method", "first");
    let others = async {
        second_call.await.expect("the server goes on");
        tokio::select! {
            _ = client.call("method", "second") => panic!("the server answers nothing"),
            served = serving => served.expect("all that was expected"),
        }
    };
    tokio::select! {
        _ = first => panic!("the server answers nothing"),
        () = others => {}
    }
}

/// The next stream of a client, and what has come on it.
async fn accepted(connection: &mut s2n_quic::Connection) -> (BidirectionalStream, Vec<u8>) {
    let mut stream = connection.accept_bidirectional_stream().await.expect("a connection").expect("a stream");
    let read = answer(&mut stream).await;
    (stream, read.into())
}

fn mint() -> (String, String) {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    (key.cert.pem(), key.signing_key.serialize_pem())
}

#[tokio::test]
async fn a_client_does_not_read_an_answer_that_it_never_asked_for() {
    let mut server = raw_server();
    let addr = server.local_addr().expect("bound");
    let serving = tokio::spawn(async move {
        let mut connection = server.accept().await.expect("a connection");
        let (mut control, _) = accepted(&mut connection).await;
        control.send(HELLO.to_vec().into()).await.expect("it is taken");
        let (mut lane, _) = accepted(&mut connection).await;
        let mut uninvited = connection.open_send_stream().await.expect("a stream");
        let opening = [vec![0x04], frame(0x92, &lane.id().to_le_bytes()), frame(0x91, &[9, 0, 0, 0, 0, 0])].concat();
        uninvited.send(opening.into()).await.expect("it is taken");
        let fragment = Bytes::from(frame(0xa0, &[1; 60_000]));
        let mut sent = 0;
        // Each when the one before has arrived: so what is sent was either wanted, or on its way when it was stopped.
        while uninvited.send(fragment.clone()).await.is_ok() && uninvited.flush().await.is_ok() {
            sent += fragment.len();
            assert!(sent < 3 << 20, "the client reads on");
        }
        lane.send(frame(0x91, &[0, 0, 0, 0, 0, 0, 0xc0]).into()).await.expect("the connection is as before");
        (connection, control, lane)
    });
    let config = ClientConfig::development().with_lanes(1).with_probe_interval(None).build().expect("valid");
    let client = ProbeClient::connect(addr, config).await.expect("it says hello");
    client.wait().await.expect("its answer");
    serving.await.expect("it was told to stop");
}

#[tokio::test]
async fn a_server_of_another_version_is_named_with_both_versions() {
    static NEWER: [u8; 24] = hello(2, 3);
    let (addr, config, _liar) = liar(&NEWER, Vec::new()).await;
    let error = ProbeClient::connect(addr, config).await.expect_err("another version");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Protocol, Executed::No));
    assert!(error.to_string().contains("versions 2 to 3"), "{error}");
}

#[tokio::test]
async fn a_server_that_breaks_the_protocol_fails_its_calls_and_hangs_nobody() {
    let nonsense = [
        vec![0xff; 32],
        frame(0x91, &[9, 0, 0, 0, 0, 0]), // a response to a call that nobody made
        frame(0x91, &[0; 3]),             // a response too short for its head
        request(0),                       // a request to a client
        vec![0x91, 0xff, 0xff, 0xff],     // a frame too long
    ];
    for bytes in nonsense {
        let (addr, config, _liar) = liar(&HELLO, bytes.clone()).await;
        let client = ProbeClient::connect(addr, config).await.expect("it says hello");
        let error = client.wait().await.expect_err("no answer");
        let error = error.rpc().expect("no application error");
        assert_eq!(error.kind(), ErrorKind::Protocol, "{bytes:02x?}: {error}");
    }
}

#[tokio::test]
async fn an_answer_before_the_nonsense_still_reaches_its_call() {
    let good_then_bad = [frame(0x91, &[0, 0, 0, 0, 0, 0, 0xc0]), frame(0x91, &[9, 0, 0, 0, 0, 0])].concat();
    let (addr, config, _liar) = liar(&HELLO, good_then_bad).await;
    let client = ProbeClient::connect(addr, config).await.expect("it says hello");
    client.wait().await.expect("its answer was good");
}

#[tokio::test]
async fn an_answer_that_is_no_value_of_its_type_is_that_calls_error_alone() {
    // Status ok, and a message that is no MessagePack; the call ids are the client's first two.
    let answers = [frame(0x91, &[0, 0, 0, 0, 0, 0, 0xc1]), frame(0x91, &[1, 0, 0, 0, 0, 0, 0xc0])].concat();
    let (addr, config, _liar) = liar(&HELLO, answers).await;
    let client = ProbeClient::connect(addr, config).await.expect("it says hello");
    let (first, second) = tokio::join!(client.wait(), client.wait());
    let error = first.expect_err("no value");
    assert_eq!(error.rpc().map(|error| error.kind()), Some(ErrorKind::Serialization));
    second.expect("nil is the unit value");
}

#[tokio::test]
async fn nobody_listening_is_an_error_that_says_what_to_look_at() {
    let (server, _observer, _client) = serve(development().with_bind_addr(common::own_addr())).await;
    let addr = server.local_addr();
    server.stop().await;
    let config = ClientConfig::development().with_connect_timeout(Duration::from_millis(200)).build().expect("valid");
    let error = ProbeClient::connect(addr, config).await.expect_err("nobody listens");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::No));
    assert!(error.to_string().contains(&addr.to_string()), "{error}");
}
