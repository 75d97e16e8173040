//! Clients that stop amid what they send on streams of their own: what the server holds for them counts, and is bounded.

mod common;

use std::{future::pending, sync::Arc, time::Duration};

use bytes::Bytes;
use common::{
    until,
    wire::{CALL_STREAM, RawClient, StreamOfCall, frame, message, request},
};
use rpcnet::{Identity, ServerConfigBuilder, prelude::*, stream};
use s2n_quic::connection::Error as ConnectionError;
use tokio::sync::Semaphore;

const CALL: u8 = 0x03;

const CLOSED_FOR_PROTOCOL: u64 = 1;
const CLOSED_FOR_UNREAD: u64 = 4;

const MESSAGE_BYTES_MAX: usize = 1 << 20;
const BUFFER_BYTES_MAX: usize = 4 << 20;

/// Of a frame that carries no part of a message, on a stream of a call.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A server with room for a few messages.
struct Victim {
    server: Server,
    identity: Identity,
    /// Lets calls of `late` read.
    release: Arc<Semaphore>,
}

impl Victim {
    async fn start() -> Self {
        Self::with_patience(Duration::from_secs(3600)).await
    }

    /// A server that throws out who leaves it waiting for so long.
    async fn with_patience(stall_timeout: Duration) -> Self {
        Self::with(|config| config.with_stall_timeout(stall_timeout)).await
    }

    async fn with(limits: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder) -> Self {
        let identity = Identity::self_signed(["localhost"]).expect("a name");
        let config = ServerConfig::builder()
            .with_bind_addr("127.0.0.1:0")
            .with_identity(identity.clone())
            .with_message_bytes_max(MESSAGE_BYTES_MAX)
            .with_buffer_bytes_per_connection_max(BUFFER_BYTES_MAX)
            .with_buffer_bytes_max(2 * BUFFER_BYTES_MAX);
        let config = limits(config).build().expect("a valid configuration");
        let release = Arc::new(Semaphore::new(0));
        let released = Arc::clone(&release);
        let server = Server::builder(config)
            .register("hold", |_| pending::<Result<Bytes, RpcError>>())
            .register_streaming("count", |requests| async move { Ok(stream::once(count(requests))) })
            .register_streaming("late", move |requests| {
                let released = Arc::clone(&released);
                let counted = async move {
                    released.acquire().await.expect("never closed").forget();
                    count(requests).await
                };
                async move { Ok(stream::once(counted)) }
            })
            .start()
            .await
            .expect("a free port");
        Self { server, identity, release }
    }

    async fn client(&self) -> RawClient {
        RawClient::connect(self.server.local_addr(), &self.identity).await
    }

    async fn holds(&self, what: &str, condition: impl Fn(usize) -> bool) {
        until(what, || condition(self.server.buffered_bytes())).await;
    }

    /// Streams of calls whose handlers run.
    async fn calls(&self, client: &mut RawClient, kind: u8, method: &str, calls: usize) -> Vec<StreamOfCall> {
        let mut streams = Vec::new();
        for _ in 0..calls {
            streams.push(client.open(kind, &request(method, 0, &[])).await);
        }
        until("all of them run", || self.server.calls_in_flight() == calls).await;
        streams
    }
}

/// The bytes of all requests; if they fail, how.
async fn count(mut requests: Streaming<Bytes>) -> Result<Bytes, RpcError> {
    let mut bytes = 0;
    while let Some(request) = requests.next().await {
        bytes += request.map_err(|error| RpcError::application(format!("{:?}", error.kind())))?.len();
    }
    Ok(bytes.to_string().into())
}

fn fragment(length: usize) -> Vec<u8> {
    frame(0xa0, &vec![5; length])
}

/// The code with which the server closes the connection.
async fn close_code(mut client: RawClient) -> u64 {
    match tokio::time::timeout(Duration::from_secs(60), client.connection.accept()).await.expect("in time") {
        Err(ConnectionError::Application { error, .. }) => error.into(),
        other => panic!("closed by {other:?}"),
    }
}

fn contains(answer: &[u8], text: &str) -> bool {
    answer.windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn the_messages_of_streams_take_no_more_than_there_is_room_for() {
    let victim = Victim::start().await;
    let mut client = victim.client().await;
    let mut streams = victim.calls(&mut client, CALL_STREAM, "count", 8).await;
    let part = fragment(60_000).repeat(12);
    for stream in &mut streams {
        stream.send(&part).await;
    }
    until("two have found no room", || victim.server.calls_in_flight() <= 6).await;
    victim.holds("the parts of the others", |bytes| bytes > BUFFER_BYTES_MAX / 2).await;
    assert!(victim.server.buffered_bytes() <= BUFFER_BYTES_MAX);
    client.connection.close(0_u32.into());
    victim.holds("nothing", |bytes| bytes == 0).await;
}

#[tokio::test]
async fn a_client_that_stops_amid_a_message_of_a_stream_is_thrown_out() {
    let victim = Victim::with_patience(Duration::from_millis(200)).await;
    let mut client = victim.client().await;
    let mut streams = victim.calls(&mut client, CALL_STREAM, "count", 1).await;
    streams[0].send(&fragment(1000)).await;
    assert_eq!(close_code(client).await, CLOSED_FOR_UNREAD);
    victim.holds("nothing", |bytes| bytes == 0).await;
}

#[tokio::test]
async fn a_stream_that_finds_no_room_learns_so() {
    let victim = Victim::start().await;
    let mut client = victim.client().await;
    let mut streams = victim.calls(&mut client, CALL_STREAM, "count", 6).await;
    for stream in &mut streams[..5] {
        stream.send(&fragment(60_000).repeat(13)).await;
    }
    victim.holds("most of it", |bytes| bytes > 5 * 13 * 60_000 - 1).await;
    streams[5].send(&fragment(60_000).repeat(13)).await;
    let (answer, _) = streams[5].read_to_end().await;
    assert!(contains(&answer, "Overloaded"), "{answer:02x?}");
}

#[tokio::test]
async fn a_message_that_waits_for_its_handler_is_held_and_nobody_is_thrown_out_for_it() {
    let victim = Victim::with_patience(Duration::from_secs(2)).await;
    let mut client = victim.client().await;
    let mut streams = victim.calls(&mut client, CALL_STREAM, "late", 1).await;
    let whole = [fragment(60_000).repeat(10), message(&[5; 1000]), frame(0xa2, &[])].concat();
    streams[0].send(&whole).await;
    victim.holds("the message", |bytes| bytes >= 601_000).await;
    // One that stalls is thrown out after twice that time.
    tokio::time::sleep(Duration::from_secs(5)).await;
    victim.release.add_permits(1);
    let (answer, _) = streams[0].read_to_end().await;
    assert!(contains(&answer, "601000"), "{answer:02x?}");
    victim.holds("nothing", |bytes| bytes == 0).await;
}

#[tokio::test]
async fn what_comes_between_the_parts_of_a_message_counts_as_well() {
    let victim = Victim::start().await;
    let mut client = victim.client().await;
    let mostly_skipped = [fragment(2000), frame(0x7f, &[0; HEAD_BYTES_MAX])].concat();
    let bytes = [request("hold", 0, &[]), mostly_skipped.repeat(100)].concat();
    let _stream = client.open(CALL, &bytes).await;
    victim.holds("all that the parts keep", |bytes| bytes > 99 * HEAD_BYTES_MAX).await;
}

#[tokio::test]
async fn what_comes_between_small_messages_fills_the_queue_that_they_wait_in() {
    let victim = Victim::start().await;
    let mut client = victim.client().await;
    let mut streams = victim.calls(&mut client, CALL_STREAM, "late", 1).await;
    let mostly_skipped = [frame(0x7f, &[0; HEAD_BYTES_MAX]), message(&[5])].concat();
    // 16 MiB are more than the transport takes of a stream that is not read.
    let sent = async {
        for _ in 0..1000 {
            streams[0].send(&mostly_skipped).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(2), sent).await.is_err(), "the server has taken all of it");
}

#[tokio::test]
async fn a_client_that_stops_before_a_request_is_there_is_thrown_out() {
    let head = request("hold", 0, &[]);
    let cases: [(&str, u8, &[u8]); 5] = [
        ("no head", CALL, &[]),
        ("a part of a head", CALL, &head[..10]),
        ("no message", CALL, &head),
        ("no head of a stream", CALL_STREAM, &[]),
        ("a part of a head of a stream", CALL_STREAM, &head[..10]),
    ];
    for (name, kind, bytes) in cases {
        let victim = Victim::with_patience(Duration::from_millis(200)).await;
        let mut client = victim.client().await;
        let _stream = client.open(kind, bytes).await;
        assert_eq!(close_code(client).await, CLOSED_FOR_UNREAD, "{name}");
        victim.holds("nothing", |bytes| bytes == 0).await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_say_what_a_stream_is_for_is_thrown_out() {
    let victim = Victim::with_patience(Duration::from_secs(2)).await;
    let mut client = victim.client().await;
    let _silent = client.connection.open_bidirectional_stream().await.expect("a stream");
    // That there is a later one tells of it.
    let _later = victim.calls(&mut client, CALL_STREAM, "count", 1).await;
    assert_eq!(close_code(client).await, CLOSED_FOR_UNREAD);
    victim.holds("nothing", |bytes| bytes == 0).await;
}

#[tokio::test]
async fn a_frame_without_a_message_is_short_on_a_stream_of_its_own() {
    let long = vec![0; HEAD_BYTES_MAX + 1];
    let head = request("hold", 0, &[]);
    let cases = [
        ("a head", frame(0x90, &long)[..100].to_vec()),
        ("what is skipped before it", frame(0x7f, &long)),
        ("what is skipped behind it", [head, fragment(1000), frame(0x7f, &long)].concat()),
    ];
    for (name, bytes) in cases {
        let victim = Victim::start().await;
        let mut client = victim.client().await;
        let _stream = client.open(CALL, &bytes).await;
        assert_eq!(close_code(client).await, CLOSED_FOR_PROTOCOL, "{name}");
    }
}
