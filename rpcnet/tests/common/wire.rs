//! A client that speaks the protocol of docs/WIRE.md byte by byte, and breaks it where a test wants it to.

use std::net::SocketAddr;

use bytes::Bytes;
use rpcnet::Identity;
use s2n_quic::{
    Connection,
    client::Connect,
    provider::tls::rustls as quic_tls,
    stream::{BidirectionalStream, Error, ReceiveStream, SendStream},
};

pub const CONTROL: u8 = 0x01;
pub const LANE: u8 = 0x02;
pub const CALL_STREAM: u8 = 0x05;

/// A hello of protocol version 1 that takes large messages, without what may be missing.
const HELLO: [u8; 20] = [b'r', b'p', b'c', b'n', 1, 0, 1, 0, 0, 16, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0];

/// A connection after the hellos.
pub struct RawClient {
    pub connection: Connection,
    _control: BidirectionalStream,
}

/// One stream of it.
pub struct StreamOfCall {
    send: SendStream,
    /// `None` once nobody reads the answers.
    receive: Option<ReceiveStream>,
}

/// How the server ended a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Finished,
    Reset,
    ConnectionLost,
}

impl RawClient {
    pub async fn connect(addr: SocketAddr, identity: &Identity) -> Self {
        Self::connect_wishing(addr, identity, &[]).await
    }

    /// With this behind the hello.
    pub async fn connect_wishing(addr: SocketAddr, identity: &Identity, wishes: &[u8]) -> Self {
        let tls = quic_tls::Client::builder()
            .with_certificate(identity.certificate_pem().as_str())
            .expect("a certificate")
            .with_application_protocols(["rpcnet/1"].into_iter())
            .expect("a protocol")
            .build()
            .expect("a TLS configuration");
        let client = s2n_quic::Client::builder()
            .with_tls(tls)
            .expect("TLS")
            .with_io("127.0.0.1:0")
            .expect("a socket")
            .start()
            .expect("an endpoint");
        let mut connection =
            client.connect(Connect::new(addr).with_server_name("localhost")).await.expect("a handshake");
        let mut control = connection.open_bidirectional_stream().await.expect("a stream");
        let hello = frame(0x81, &[&HELLO[..], wishes].concat());
        control.send([&[CONTROL][..], &hello].concat().into()).await.expect("it is taken");
        assert!(control.receive().await.expect("the server's hello").is_some());
        Self { connection, _control: control }
    }

    pub async fn open(&mut self, kind: u8, bytes: &[u8]) -> StreamOfCall {
        let stream = self.connection.open_bidirectional_stream().await.expect("a stream");
        let (receive, send) = stream.split();
        let mut stream = StreamOfCall { send, receive: Some(receive) };
        stream.send(&[&[kind][..], bytes].concat()).await;
        stream
    }
}

impl StreamOfCall {
    pub async fn send(&mut self, bytes: &[u8]) {
        self.send.send(Bytes::copy_from_slice(bytes)).await.expect("it is taken");
    }

    pub fn reset(&mut self) {
        self.send.reset(1_u32.into()).expect("it is open");
    }

    pub fn finish(&mut self) {
        self.send.finish().expect("it is open");
    }

    /// Tells the server that nobody reads what it answers.
    pub fn stop_reading(&mut self) {
        self.receive.take().expect("it was read").stop_sending(1_u32.into()).expect("it is open");
    }

    /// What the server says next; in vain, the test fails.
    pub async fn read(&mut self) -> Bytes {
        let receive = self.receive.as_mut().expect("it is read");
        let answer = tokio::time::timeout(super::IN_VAIN, receive.receive()).await;
        answer.expect("in time").expect("no failure").expect("an answer")
    }

    /// All that the server says, and how it ends.
    pub async fn read_to_end(&mut self) -> (Vec<u8>, End) {
        let receive = self.receive.as_mut().expect("it is read");
        let mut all = Vec::new();
        loop {
            match tokio::time::timeout(super::IN_VAIN, receive.receive()).await.expect("in time") {
                Ok(Some(bytes)) => all.extend(bytes),
                Ok(None) => return (all, End::Finished),
                Err(Error::StreamReset { .. }) => return (all, End::Reset),
                Err(_) => return (all, End::ConnectionLost),
            }
        }
    }
}

pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = ((payload.len() as u32) << 8 | u32::from(kind)).to_le_bytes().to_vec();
    frame.extend(payload);
    frame
}

/// A small message of a stream.
pub fn message(bytes: &[u8]) -> Vec<u8> {
    frame(0xa1, bytes)
}

/// The request of a call without a deadline; on a lane, its message is part of it.
pub fn request(method: &str, call_id: u32, message: &[u8]) -> Vec<u8> {
    let mut payload = call_id.to_le_bytes().to_vec();
    payload.extend(0_u32.to_le_bytes());
    payload.extend(method_id(method).to_le_bytes());
    payload.push(0);
    payload.extend(message);
    frame(0x90, &payload)
}

/// FNV-1a, 64 bits.
fn method_id(method: &str) -> u64 {
    let hash = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    method.bytes().fold(0xcbf2_9ce4_8422_2325, hash)
}
