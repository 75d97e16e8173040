//! No framework: bytes on streams of s2n-quic, which rpcnet stands on. What encryption, packets and loopback cost alone.
//!
//! Nothing is framed, encoded or decoded, so what moves is the payload and nothing else. A framework on this library
//! moves as much at most.

use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Error, Result, ensure};
use bytes::Bytes;
use futures::Stream;
use futures::stream;
use s2n_quic::client::Connect;
use s2n_quic::connection::{Connection, Handle};
use s2n_quic::provider::io::tokio::Provider as Io;
use s2n_quic::provider::limits::Limits;
use s2n_quic::provider::tls::rustls;
use s2n_quic::stream::{BidirectionalStream, ReceiveStream, SendStream};
use s2n_quic::{Client, Server};

use super::lane::Lane;
use super::{Caller, LOOPBACK, Setup, System};
use crate::certificates::SERVER_NAME;
use crate::cli::Work;
use crate::message::{Message, payload};

/// s2n-quic 1.91 with its rustls provider, and the windows, buffers and packets that rpcnet gives it.
pub(crate) struct Quic;

impl System for Quic {
    type Client = QuicClient;

    async fn serve(setup: &Setup) -> Result<SocketAddr> {
        let files = &setup.certificates;
        let tls = rustls::Server::builder().with_certificate(files.certificate.as_path(), files.key.as_path());
        let tls = tls.and_then(rustls::server::Builder::build).map_err(Error::from_boxed)?;
        let mut server = Server::builder().with_tls(tls)?.with_io(io(setup)?)?.with_limits(limits()?)?.start()?;
        let address = server.local_addr()?;
        let (work, flows) = (setup.work, setup.payload_bytes_max.is_some());
        tokio::spawn(async move {
            while let Some(connection) = server.accept().await {
                tokio::spawn(answer_all(connection, work, flows));
            }
        });
        Ok(address)
    }

    async fn connect(server: SocketAddr, setup: &Setup) -> Result<QuicClient> {
        let tls = rustls::Client::builder().with_certificate(setup.certificates.authority.as_path());
        let tls = tls.and_then(rustls::client::Builder::build).map_err(Error::from_boxed)?;
        let client = Client::builder().with_tls(tls)?.with_io(io(setup)?)?.with_limits(limits()?)?.start()?;
        let mut connection = client.connect(Connect::new(server).with_server_name(SERVER_NAME)).await?;
        let lane = Lane::over(connection.open_bidirectional_stream().await?);
        Ok(QuicClient { handle: connection.handle(), lane, _connection: Arc::new(connection) })
    }
}

/// One connection; small echoes share a stream, and every other call has one of its own.
#[derive(Clone)]
pub(crate) struct QuicClient {
    handle: Handle,
    lane: Lane,
    _connection: Arc<Connection>,
}

impl QuicClient {
    /// Sends a request, and returns what is answered.
    async fn call(&mut self, request: Bytes) -> Result<ReceiveStream> {
        let (answer, mut send) = self.handle.open_bidirectional_stream().await?.split();
        send.send(request).await?;
        send.finish()?;
        Ok(answer)
    }
}

impl Caller for QuicClient {
    async fn echo(&mut self, message: Message) -> Result<Message> {
        if message.payload.len() <= LANE_PAYLOAD_BYTES_MAX {
            let payload = self.lane.echo(&message.payload).await?;
            return Ok(Message { id: message.id, payload });
        }
        // A payload that is copied together, as a framework hands it to its caller.
        let mut answer = self.call(message.payload.clone()).await?;
        let mut echoed = Vec::with_capacity(message.payload.len());
        while let Some(part) = answer.receive().await? {
            echoed.extend_from_slice(&part);
        }
        Ok(Message { id: message.id, payload: echoed.into() })
    }

    async fn compute(&mut self, _: u64) -> Result<()> {
        anyhow::bail!("bytes compute nothing")
    }

    async fn upload(&mut self, message: Message) -> Result<u64> {
        let mut answer = self.call(message.payload).await?;
        read_number(&mut answer).await
    }

    async fn download(&mut self, bytes: u64) -> Result<Message> {
        let mut answer = self.call(number(bytes)).await?;
        let mut whole = Vec::with_capacity(usize::try_from(bytes)?);
        while let Some(part) = answer.receive().await? {
            whole.extend_from_slice(&part);
        }
        Ok(Message { id: 0, payload: whole.into() })
    }

    /// So many bytes that arrived count as an item; none is looked at.
    async fn items(&mut self, bytes: u64) -> Result<impl Stream<Item = Result<Message>> + Send> {
        let answer = self.call(number(bytes)).await?;
        let length = usize::try_from(bytes)?;
        ensure!((1..=ITEM.len()).contains(&length), "items of 1 to {} bytes", ITEM.len());
        let item = Bytes::from_static(&ITEM[..length]);
        Ok(stream::unfold((answer, 0, 0), move |(mut answer, mut arrived, id)| {
            let item = item.clone();
            async move {
                while arrived < length {
                    match answer.receive().await {
                        Ok(Some(part)) => arrived += part.len(),
                        Ok(None) => return None,
                        Err(error) => return Some((Err(error.into()), (answer, arrived, id))),
                    }
                }
                Some((Ok(Message { id, payload: item }), (answer, arrived - length, id + 1)))
            }
        }))
    }
}

/// Nothing in a request says what it asks for. Where huge messages flow beside the work, that is done on the lane, which is
/// the first stream, and all others are theirs.
async fn answer_all(mut connection: Connection, work: Work, flows: bool) -> Result<()> {
    let mut is_lane = true;
    while let Some(stream) = connection.accept_bidirectional_stream().await? {
        let work = (mem::take(&mut is_lane) || !flows).then_some(work);
        tokio::spawn(async move {
            // A caller that is done leaves in the middle of a stream without end.
            let _ = match work {
                Some(work) => answer(stream, work).await,
                None => answer_flow(stream).await,
            };
        });
    }
    Ok(())
}

/// Answers a number with so many bytes, and other bytes with their number.
async fn answer_flow(stream: BidirectionalStream) -> Result<()> {
    let (mut request, mut answer) = stream.split();
    let first = request.receive().await?.context("an empty stream")?;
    match <[u8; 8]>::try_from(&first[..]) {
        Ok(bytes) => answer.send(payload(u64::from_le_bytes(bytes))).await?,
        Err(_) => answer.send(number(first.len() as u64 + count(&mut request).await?)).await?,
    }
    Ok(answer.finish()?)
}

async fn count(stream: &mut ReceiveStream) -> Result<u64> {
    let mut bytes = 0;
    while let Some(part) = stream.receive().await? {
        bytes += part.len() as u64;
    }
    Ok(bytes)
}

async fn answer(stream: BidirectionalStream, work: Work) -> Result<()> {
    let (mut request, mut answer) = stream.split();
    match work {
        Work::Upload => answer.send(number(count(&mut request).await?)).await?,
        Work::Download => {
            let bytes = read_number(&mut request).await?;
            answer.send(payload(bytes)).await?;
        }
        Work::Items => {
            read_number(&mut request).await?;
            let chunk = payload(CHUNK_BYTES);
            loop {
                answer.send(chunk.clone()).await?;
            }
        }
        Work::Echo | Work::Compute => echo(&mut request, &mut answer).await?,
    }
    Ok(answer.finish()?)
}

/// As it arrives, and all of it that has.
async fn echo(request: &mut ReceiveStream, answer: &mut SendStream) -> Result<()> {
    let mut parts: [Bytes; PARTS_AT_ONCE] = Default::default();
    loop {
        let (count, is_open) = request.receive_vectored(&mut parts).await?;
        answer.send_vectored(&mut parts[..count]).await?;
        if !is_open {
            return Ok(());
        }
    }
}

fn number(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_le_bytes())
}

async fn read_number(stream: &mut ReceiveStream) -> Result<u64> {
    let bytes = stream.receive().await?.context("a stream without its number")?;
    Ok(u64::from_le_bytes(bytes[..].try_into()?))
}

fn io(setup: &Setup) -> Result<Io> {
    Ok(Io::builder()
        .with_recv_buffer_size(RECEIVE_BUFFER_BYTES)?
        .with_receive_address(LOOPBACK)?
        .with_max_mtu(setup.mtu.unwrap_or(LOOPBACK_MTU))?
        .with_internal_send_buffer_size(SEND_RING_BYTES)?
        .build()?)
}

fn limits() -> Result<Limits> {
    Ok(Limits::new().with_data_window(CONNECTION_WINDOW_BYTES)?.with_max_send_buffer_size(SEND_BUFFER_BYTES)?)
}

static ITEM: [u8; 64] = [0xa5; 64];
const PARTS_AT_ONCE: usize = 32;
// As for rpcnet's lanes.
const LANE_PAYLOAD_BYTES_MAX: usize = 64 << 10;
const CHUNK_BYTES: u64 = 16 << 10;
const LOOPBACK_MTU: u16 = 9_000;
const SEND_RING_BYTES: usize = 1 << 20;
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
const CONNECTION_WINDOW_BYTES: u64 = 64 << 20;
const SEND_BUFFER_BYTES: u32 = 1 << 20;
