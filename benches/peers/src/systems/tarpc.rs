//! tarpc: bincode in length-delimited frames over TLS over TCP, as its TLS example does it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use tarpc::serde_transport;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::Framed;
use tarpc::tokio_util::codec::length_delimited::LengthDelimitedCodec;
use tarpc::{client, context, server};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{Caller, LOOPBACK, Setup, System, tls};
use crate::certificates::SERVER_NAME;
use crate::cli::Work;
use crate::message::{Message, compute};

/// The service, in tarpc's own words.
#[tarpc::service]
pub(crate) trait Echo {
    async fn echo(message: Message) -> Message;
    async fn compute(micros: u64) -> u64;
}

/// tarpc 0.38 over tokio-rustls.
pub(crate) struct Tarpc;

impl System for Tarpc {
    type Client = EchoClient;

    async fn serve(setup: &Setup) -> Result<SocketAddr> {
        tls::prefer_aes_128();
        let chain = CertificateDer::pem_file_iter(&setup.certificates.certificate)?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(&setup.certificates.key)?;
        let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind(LOOPBACK).await?;
        let address = listener.local_addr()?;
        tokio::spawn(accept(listener, acceptor, setup.work == Work::Compute));
        Ok(address)
    }

    async fn connect(server: SocketAddr, setup: &Setup) -> Result<EchoClient> {
        tls::prefer_aes_128();
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&setup.certificates.authority)? {
            roots.add(certificate?)?;
        }
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let tcp = TcpStream::connect(server).await?;
        tcp.set_nodelay(true)?;
        let stream = TlsConnector::from(Arc::new(tls))
            .connect(ServerName::try_from(SERVER_NAME)?, tcp)
            .await
            .context("TLS handshake of tarpc's client")?;
        let transport = serde_transport::new(framed(stream), Bincode::default());
        let mut config = client::Config::default();
        config.max_in_flight_requests = CALLS_MAX;
        config.pending_request_buffer = CALLS_MAX;
        Ok(EchoClient::new(config, transport).spawn())
    }
}

impl Caller for EchoClient {
    async fn echo(&mut self, message: Message) -> Result<Message> {
        Ok(Self::echo(self, context::current(), message).await?)
    }

    async fn compute(&mut self, micros: u64) -> Result<()> {
        let answer = Self::compute(self, context::current(), micros).await?;
        ensure!(answer == micros, "answer to another call");
        Ok(())
    }
}

/// Serves each connection on a task of its own.
async fn accept(listener: TcpListener, acceptor: TlsAcceptor, computes: bool) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            continue;
        };
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = serve_connection(tcp, acceptor, computes).await {
                eprintln!("tarpc's server lost a connection: {error:#}");
            }
        });
    }
}

/// Runs one connection's requests. Those that compute are spawned, as in tarpc's examples, so that
/// they get all cores. Those that answer at once run on the connection's own task: up to 1.2 times
/// the throughput of spawning them, and some at a time, for unbounded they reach a p99 of 15 ms at
/// 512 in flight, where bounded or spawned ones take 3 ms.
async fn serve_connection(tcp: TcpStream, acceptor: TlsAcceptor, computes: bool) -> Result<()> {
    tcp.set_nodelay(true)?;
    let stream = acceptor.accept(tcp).await?;
    let transport = serde_transport::new(framed(stream), Bincode::default());
    let config = server::Config { pending_response_buffer: CALLS_MAX };
    let requests = BaseChannel::new(config, transport).execute(Handler.serve());
    if computes {
        requests
            .for_each(|request| async {
                tokio::spawn(request);
            })
            .await;
    } else {
        requests.for_each_concurrent(HANDLERS_POLLED_MAX, |request| request).await;
    }
    Ok(())
}

/// Frames with room for the largest messages, written out in larger pieces than by default.
fn framed<S: AsyncRead + AsyncWrite>(stream: S) -> Framed<S, LengthDelimitedCodec> {
    let mut framed = LengthDelimitedCodec::builder().max_frame_length(FRAME_BYTES_MAX).new_framed(stream);
    framed.set_backpressure_boundary(WRITE_BUFFER_BYTES);
    framed
}

#[derive(Clone)]
struct Handler;

impl Echo for Handler {
    async fn echo(self, _: context::Context, message: Message) -> Message {
        message
    }

    async fn compute(self, _: context::Context, micros: u64) -> u64 {
        compute(micros);
        micros
    }
}

// Defaults are 1,000 calls in flight, 100 of them buffered on either side.
const CALLS_MAX: usize = 8_192;
const HANDLERS_POLLED_MAX: usize = 64;
const FRAME_BYTES_MAX: usize = 64 << 20;
// tokio-util flushes at 8 KiB otherwise: half a message of 16 KiB.
const WRITE_BUFFER_BYTES: usize = 128 << 10;
