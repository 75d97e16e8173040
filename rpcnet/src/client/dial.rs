//! From a target to a connection whose server has said hello.

use std::{
    fmt::Write as _,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
};

use bytes::{BufMut, BytesMut};
use tokio::time::timeout;

use super::{
    connection::Connection,
    hearing::Hearing,
    race::race,
    refusal::{nobody_listens, watch_refusals},
};
#[cfg(feature = "simulation")]
use crate::transport::quic::SimulatedSocket;
use crate::{
    ClientConfig, ErrorKind, Executed, RpcError, Target,
    config::ClientSettings,
    proto::{CloseCode, Frame, FrameKind, Hello, ProtocolError, StreamKind, VERSION},
    transport::{
        frames::{FrameReceiver, FrameSender},
        quic::{self, Connect, Connection as QuicConnection, Refusals, Socket, connection_error},
        tls::{self, VerificationLog},
    },
};

/// A connection after the hellos.
pub(super) struct Greeted {
    pub(super) connection: QuicConnection,
    /// What the server says on the control stream.
    pub(super) control: FrameReceiver,
    /// What the server allows.
    pub(super) hello: Hello,
}

/// Connects to the first address of `target` that answers.
pub(super) async fn dial(
    target: &Target,
    config: &ClientConfig,
    hearing: &Hearing,
) -> Result<Arc<Connection>, RpcError> {
    let limit = config.settings().connect_timeout;
    let mut failures = Vec::new();
    let dialed = match timeout(limit, dial_any(target, config, hearing, &mut failures)).await {
        Ok(dialed) => dialed,
        Err(_) => {
            let silence =
                format!("no answer within {limit:?}: does an rpcnet/1 server listen there, and does UDP get through?");
            Err(all_failed(target, &failures, Some(&silence)))
        }
    };
    dialed.map_err(|error| error.with_executed(Executed::No))
}

async fn dial_any(
    target: &Target,
    config: &ClientConfig,
    hearing: &Hearing,
    failures: &mut Failures,
) -> Result<Arc<Connection>, RpcError> {
    let addrs = resolve(target, config).await?;
    for addr in &addrs {
        config.check_target(*addr)?;
    }
    let connected = race(&addrs, |addr| attempt(addr, target, config, hearing), failures).await;
    connected.ok_or_else(|| all_failed(target, failures, None))
}

async fn attempt(
    addr: SocketAddr,
    target: &Target,
    config: &ClientConfig,
    hearing: &Hearing,
) -> Result<Arc<Connection>, RpcError> {
    let settings = config.settings();
    let server_name = settings.server_name.clone().unwrap_or_else(|| target.server_name());
    tls::check_server_name(&server_name)?;
    let (tls, log) = tls::client_tls(config)?;
    let socket = bind(addr, settings).await?;
    let (endpoint, refusals) = quic::client_endpoint(socket, tls, &settings.connection, settings.connect_timeout)?;
    let connect = Connect::new(addr).with_server_name(server_name.as_str());
    let connected = tokio::select! {
        connected = endpoint.connect(connect) => connected,
        () = refusals.refused(addr) => return Err(nobody_listens("is the server running, and is this its port?")),
    };
    let connection = connected.map_err(|failure| told_by_verifier(connection_error(failure), &log, &server_name))?;
    let (path, handle) = (quic::path(&connection.handle()), connection.handle());
    tokio::select! {
        opened = open(connection, refusals.clone(), settings, hearing) => opened,
        gone = watch_refusals(&path, || quic::ping(&handle), || refusals.refused(addr)) => Err(gone),
    }
}

/// Makes a connection out of what the handshake has left.
async fn open(
    mut connection: QuicConnection,
    refusals: Refusals,
    settings: &ClientSettings,
    hearing: &Hearing,
) -> Result<Arc<Connection>, RpcError> {
    connection.keep_alive(settings.connection.keep_alive_interval.is_some()).map_err(connection_error)?;
    // A server sends no requests, so there is nothing to limit but its answers.
    let hello = Hello::new(0, settings.message_bytes_max as u64);
    let hello = if hearing.is_wished() { hello.wishing_load() } else { hello };
    let greeted = greet(connection, &hello).await?;
    Connection::open(greeted, refusals, settings, hearing).await
}

/// Opens the control stream and waits for the server's hello.
async fn greet(mut connection: QuicConnection, own: &Hello) -> Result<Greeted, RpcError> {
    let stream = connection.open_bidirectional_stream().await.map_err(connection_error)?;
    let (receive, send) = quic::split(stream);
    let mut send = FrameSender::new(send);
    let mut opening = BytesMut::new();
    opening.put_u8(StreamKind::Control.byte());
    own.put(&mut opening);
    send.send(opening.freeze()).await?;
    // There is no more to say, and for a stream that has ended the server needs no buffer.
    send.finish()?;
    let mut frames = FrameReceiver::opened(receive);
    let hello = match frames.next().await? {
        Some(Frame { kind: FrameKind::Hello, payload }) => Hello::read(&payload)?,
        Some(Frame { kind, .. }) => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
        None => return Err(ProtocolError::Truncated.into()),
    };
    if !hello.speaks(VERSION) {
        quic::close(&connection.handle(), CloseCode::Version);
        let message = format!(
            "the server speaks the protocol's versions {} to {}, this client {VERSION}: update the older side",
            hello.version_min, hello.version_max
        );
        return Err(RpcError::new(ErrorKind::Protocol, Executed::No, message));
    }
    Ok(Greeted { connection, control: frames, hello })
}

/// The handshake's failure, with the verifier's own words where it was the one to refuse.
fn told_by_verifier(error: RpcError, log: &VerificationLog, server_name: &str) -> RpcError {
    match log.take(server_name) {
        Some(reason) => RpcError::new(ErrorKind::Tls, Executed::No, reason),
        None => error,
    }
}

async fn resolve(target: &Target, config: &ClientConfig) -> Result<Vec<SocketAddr>, RpcError> {
    #[cfg(feature = "simulation")]
    if config.settings().connection.simulated_network {
        return target.resolve_simulated().await;
    }
    let _ = config;
    target.resolve().await
}

async fn bind(to: SocketAddr, settings: &ClientSettings) -> Result<Socket, RpcError> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let from = settings.bind_addr.unwrap_or(any);
    let not_bound = |error| {
        let message = format!("the client can't send from {from}: give another bind address, or none");
        RpcError::new(ErrorKind::Io, Executed::No, message).with_source(error)
    };
    #[cfg(feature = "simulation")]
    if settings.connection.simulated_network {
        return SimulatedSocket::bind(from).await.map(Socket::Simulated).map_err(not_bound);
    }
    let open = || -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(from)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    open().map(Socket::System).map_err(not_bound)
}

/// Why no address could be reached: what each has said, and the `silence` of the others. One failure is told as it is; of
/// several, each with its address.
fn all_failed(target: &Target, failures: &[(SocketAddr, RpcError)], silence: Option<&str>) -> RpcError {
    // The server itself says more than a host without one.
    let telling = failures.iter().find(|(_, error)| !error.is_refusal()).or(failures.first());
    let Some((_, telling)) = telling else {
        let silence = silence.unwrap_or("the name has no address");
        return RpcError::new(ErrorKind::Connection, Executed::No, format!("{target}: {silence}"));
    };
    if failures.len() == 1 && silence.is_none() {
        return telling.clone().at(target);
    }
    let mut message = format!("no address of {target} could be reached");
    for (addr, error) in failures {
        // Writing to a string can't fail.
        let _ = write!(message, "; {addr}: {error}");
    }
    if let Some(silence) = silence {
        let _ = write!(message, "; the others: {silence}");
    }
    let error = RpcError::new(telling.kind(), Executed::No, message);
    if silence.is_none() && telling.is_refusal() { error.by_refusal() } else { error }
}

/// Which addresses failed, and why.
type Failures = Vec<(SocketAddr, RpcError)>;
