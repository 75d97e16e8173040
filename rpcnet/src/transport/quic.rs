//! QUIC by s2n-quic: the only module that names it.
//!
//! Everything else sees the aliases and the two functions that open endpoints.

mod admission;
mod clock;
mod event_loop;
#[cfg(feature = "simulation")]
mod simulated;
mod stream;
mod udp;

use std::{
    borrow::Cow,
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use s2n_quic::{
    application,
    connection::Error as ConnectionFailure,
    provider::{
        congestion_controller::{Bbr, Cubic},
        event::{ConnectionInfo, ConnectionMeta, Subscriber, disabled, events},
        io as quic_io,
        limits::Limits,
        mtu,
        tls::rustls as quic_tls,
    },
    stream::Error as StreamFailure,
};
use socket2::SockRef;

use crate::{
    ErrorKind, Executed, RpcError,
    config::{CongestionController, ConnectionSettings},
    proto::CloseCode,
    transport::path::Path,
};

pub(crate) use admission::Admission;
pub(crate) use s2n_quic::{
    Connection, Server as ServerEndpoint,
    client::{Client as ClientEndpoint, Connect},
    connection::{Handle, StreamAcceptor},
    stream::BidirectionalStream,
};
#[cfg(feature = "simulation")]
pub(crate) use simulated::SimulatedSocket;
pub(crate) use stream::{ReceiveStream, SendStream, split};
pub(crate) use udp::Refusals;

/// Where an endpoint's packets come from and go to.
pub(crate) enum Socket {
    System(UdpSocket),
    #[cfg(feature = "simulation")]
    Simulated(SimulatedSocket),
}

/// What a server's endpoint needs beyond its TLS configuration.
pub(crate) struct ServerEndpointSettings<'a> {
    pub(crate) connection: &'a ConnectionSettings,
    pub(crate) handshake_timeout: Duration,
    pub(crate) handshakes_in_flight_max: usize,
    pub(crate) connections_max: usize,
    /// Whether new connections are refused for the time being.
    pub(crate) is_closed: Box<dyn Fn() -> bool + Send + Sync>,
}

/// Opens a server's endpoint on `socket`, which is to be told of each handshake that has ended. Its tasks run on the current
/// tokio runtime.
pub(crate) fn server_endpoint(
    socket: Socket,
    tls: Arc<rustls::ServerConfig>,
    settings: ServerEndpointSettings<'_>,
) -> Result<(ServerEndpoint, Admission), RpcError> {
    match socket {
        Socket::System(socket) => {
            let io = io_provider(socket, settings.connection).map_err(no_socket)?;
            server_endpoint_over(io, tls, settings)
        }
        #[cfg(feature = "simulation")]
        Socket::Simulated(socket) => {
            let io = socket.into_provider(settings.connection.max_mtu.unwrap_or(MTU_MAX_NETWORK));
            server_endpoint_over(io, tls, settings)
        }
    }
}

fn server_endpoint_over(
    io: impl quic_io::Provider,
    tls: Arc<rustls::ServerConfig>,
    settings: ServerEndpointSettings<'_>,
) -> Result<(ServerEndpoint, Admission), RpcError> {
    // A client opens lanes and calls, and nothing one way.
    let limits = limits(settings.connection, settings.handshake_timeout)?
        .with_max_open_remote_unidirectional_streams(0)
        .map_err(refused)?;
    let admission = Admission::new(settings.handshakes_in_flight_max, settings.connections_max, settings.is_closed);
    let builder = ServerEndpoint::builder()
        .with_tls(quic_tls::Server::from(tls))
        .map_err(refused)?
        .with_io(io)
        .map_err(no_socket)?
        .with_limits(limits)
        .map_err(refused)?
        .with_endpoint_limits(admission.clone())
        .map_err(refused)?
        .with_address_token(admission.clone())
        .map_err(refused)?
        .with_mtu(MtuByPath { asked: settings.connection.max_mtu })
        .map_err(refused)?
        // Never the default: another crate may turn on a feature that makes it log every packet.
        .with_event(disabled::Provider)
        .map_err(refused)?;
    let endpoint = match settings.connection.congestion_controller {
        CongestionController::Cubic => {
            builder.with_congestion_controller(Cubic::default()).map_err(refused)?.start().map_err(refused)?
        }
        CongestionController::Bbr => {
            builder.with_congestion_controller(Bbr::default()).map_err(refused)?.start().map_err(refused)?
        }
    };
    Ok((endpoint, admission))
}

/// Opens a client's endpoint on `socket`, and says how to hear of what its peer refuses. Its tasks run on the current tokio
/// runtime.
pub(crate) fn client_endpoint(
    socket: Socket,
    tls: Arc<rustls::ClientConfig>,
    connection: &ConnectionSettings,
    connect_timeout: Duration,
) -> Result<(ClientEndpoint, Refusals), RpcError> {
    match socket {
        Socket::System(socket) => {
            let io = io_provider(socket, connection).map_err(no_socket)?;
            let refusals = io.refusals();
            Ok((client_endpoint_over(io, tls, connection, connect_timeout)?, refusals))
        }
        #[cfg(feature = "simulation")]
        Socket::Simulated(socket) => {
            let io = socket.into_provider(connection.max_mtu.unwrap_or(MTU_MAX_NETWORK));
            Ok((client_endpoint_over(io, tls, connection, connect_timeout)?, Refusals::default()))
        }
    }
}

fn client_endpoint_over(
    io: impl quic_io::Provider,
    tls: Arc<rustls::ClientConfig>,
    connection: &ConnectionSettings,
    connect_timeout: Duration,
) -> Result<ClientEndpoint, RpcError> {
    // A server opens streams for large answers, and nothing else.
    let limits = limits(connection, connect_timeout)?.with_max_open_remote_bidirectional_streams(0).map_err(refused)?;
    let builder = ClientEndpoint::builder()
        .with_tls(quic_tls::Client::from(tls))
        .map_err(refused)?
        .with_io(io)
        .map_err(no_socket)?
        .with_limits(limits)
        .map_err(refused)?
        .with_mtu(MtuByPath { asked: connection.max_mtu })
        .map_err(refused)?
        .with_event(PathWatch)
        .map_err(refused)?;
    match connection.congestion_controller {
        CongestionController::Cubic => {
            builder.with_congestion_controller(Cubic::default()).map_err(refused)?.start().map_err(refused)
        }
        CongestionController::Bbr => {
            builder.with_congestion_controller(Bbr::default()).map_err(refused)?.start().map_err(refused)
        }
    }
}

/// Why a connection ended, as the error of what was waiting on it.
pub(crate) fn connection_error(failure: ConnectionFailure) -> RpcError {
    let (kind, message): (_, Cow<'static, str>) = match failure {
        ConnectionFailure::Closed { .. } => (ErrorKind::Connection, "the connection was closed".into()),
        ConnectionFailure::Application { error, initiator, .. } if initiator.is_remote() => {
            (ErrorKind::Connection, CloseCode::describe(u64::from(error)).into())
        }
        ConnectionFailure::Application { .. } => (ErrorKind::Connection, "this side closed the connection".into()),
        ConnectionFailure::IdleTimerExpired { .. } => {
            (ErrorKind::Connection, "nothing was heard from the peer for the idle timeout".into())
        }
        ConnectionFailure::MaxHandshakeDurationExceeded { .. } => {
            // A server that finds no common protocol or cipher says nothing at all (s2n-quic 1.91), so this is how it shows.
            let advice = "is it an rpcnet server of this version, with a cipher suite that both sides allow?";
            (ErrorKind::Connection, format!("the peer did not finish the handshake in time: {advice}").into())
        }
        ConnectionFailure::Transport { code, .. } if code.as_u64() == TLS_NO_APPLICATION_PROTOCOL => {
            (ErrorKind::Tls, "the peer does not speak rpcnet/1: is this the right port?".into())
        }
        ConnectionFailure::Transport { code, reason, .. } if TLS_ALERTS.contains(&code.as_u64()) => {
            let alert = code.as_u64() & 0xff;
            (ErrorKind::Tls, format!("the TLS handshake failed (alert {alert}) {reason}").trim_end().to_owned().into())
        }
        ConnectionFailure::Transport { code, .. } if code.as_u64() == CONNECTION_REFUSED => {
            (ErrorKind::Connection, "the server refused the connection: it is at its limit, or going away".into())
        }
        other => (ErrorKind::Connection, format!("the connection failed: {other}").into()),
    };
    RpcError::new(kind, Executed::Maybe, message)
}

/// The same for a connection that has ended: accepting streams ends alike for a good close and for an idle timeout.
pub(crate) fn why_closed(handle: &Handle) -> RpcError {
    match handle.clone().ping() {
        Err(failure) => connection_error(failure),
        Ok(()) => RpcError::new(ErrorKind::Connection, Executed::Maybe, "the connection was closed"),
    }
}

/// Why a stream ended, as the error of what was waiting on it.
pub(crate) fn stream_error(failure: StreamFailure) -> RpcError {
    match failure {
        StreamFailure::ConnectionError { error, .. } => connection_error(error),
        StreamFailure::StreamReset { .. } => {
            RpcError::new(ErrorKind::Truncated, Executed::Maybe, "the peer reset the stream before its end")
        }
        other => RpcError::new(ErrorKind::Stream, Executed::Maybe, format!("the stream failed: {other}")),
    }
}

/// Whether it was the peer that gave the stream up.
pub(crate) fn is_reset(failure: &StreamFailure) -> bool {
    matches!(failure, StreamFailure::StreamReset { .. })
}

/// What the path of a client's connection is like, from now on.
pub(crate) fn path(handle: &Handle) -> Arc<Path> {
    // A connection that is gone has no path any more: one that tells nothing does as well.
    handle.query_event_context(|path: &Arc<Path>| Arc::clone(path)).unwrap_or_default()
}

/// Keeps each connection's [`Path`] up to date.
struct PathWatch;

impl Subscriber for PathWatch {
    type ConnectionContext = Arc<Path>;

    fn create_connection_context(&mut self, _: &ConnectionMeta, _: &ConnectionInfo<'_>) -> Arc<Path> {
        Arc::default()
    }

    fn on_recovery_metrics(&mut self, path: &mut Arc<Path>, _: &ConnectionMeta, metrics: &events::RecoveryMetrics<'_>) {
        path.record(metrics.pto_count, metrics.smoothed_rtt, metrics.min_rtt);
    }

    fn on_packet_received(&mut self, path: &mut Arc<Path>, _: &ConnectionMeta, _: &events::PacketReceived) {
        path.hear();
    }
}

/// Asks the peer for an acknowledgement. A connection that is gone can't be asked, and its streams tell.
pub(crate) fn ping(handle: &Handle) {
    let _ = handle.clone().ping();
}

/// Closes the connection for the reason `code`.
pub(crate) fn close(handle: &Handle, code: CloseCode) {
    handle.close(application::Error::from(code.number()));
}

fn io_provider(socket: UdpSocket, settings: &ConnectionSettings) -> io::Result<udp::Provider> {
    let system = SockRef::from(&socket);
    if system.recv_buffer_size()? < RECEIVE_BUFFER_BYTES {
        // As much as is granted: Linux grants up to `net.core.rmem_max` without a word, others nothing beyond theirs.
        let _ = system.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    }
    udp::Provider::new(socket, settings.max_mtu.unwrap_or(MTU_MAX_LOOPBACK))
}

/// How large the packets of a path may become, if it turns out to carry them.
struct MtuByPath {
    /// What the configuration says; it goes for all paths.
    asked: Option<u16>,
}

impl mtu::Endpoint for MtuByPath {
    fn on_path(&mut self, path: &mtu::PathInfo<'_>, endpoint: mtu::Config) -> Option<mtu::Config> {
        let remote = SocketAddr::from(path.remote_address.clone()).ip().to_canonical();
        if self.asked.is_some() || remote.is_loopback() {
            return None;
        }
        // Most other paths carry no more, and finding that out from above costs some two dozen lost probes.
        let max_mtu = MTU_MAX_NETWORK.min(endpoint.max_mtu().into());
        mtu::Config::builder().with_max_mtu(max_mtu).ok()?.build().ok()
    }
}

fn limits(settings: &ConnectionSettings, handshake_timeout: Duration) -> Result<Limits, RpcError> {
    let mut limits = Limits::new()
        .with_max_idle_timeout(settings.idle_timeout)
        .and_then(|limits| limits.with_max_handshake_duration(handshake_timeout))
        .and_then(|limits| limits.with_max_open_local_bidirectional_streams(STREAMS_MAX))
        .and_then(|limits| limits.with_max_open_local_unidirectional_streams(STREAMS_MAX))
        .and_then(|limits| limits.with_max_open_remote_bidirectional_streams(STREAMS_MAX))
        .and_then(|limits| limits.with_max_open_remote_unidirectional_streams(STREAMS_MAX))
        .map_err(refused)?;
    if let Some(interval) = settings.keep_alive_interval {
        limits = limits.with_max_keep_alive_period(interval).map_err(refused)?;
    }
    let window = settings.connection_window_bytes.unwrap_or(CONNECTION_WINDOW_BYTES);
    limits = limits
        .with_data_window(u64::from(window))
        .and_then(|limits| limits.with_max_send_buffer_size(SEND_BUFFER_BYTES))
        .map_err(refused)?;
    if let Some(window) = settings.stream_window_bytes {
        limits = limits
            .with_bidirectional_local_data_window(u64::from(window))
            .and_then(|limits| limits.with_bidirectional_remote_data_window(u64::from(window)))
            .and_then(|limits| limits.with_unidirectional_data_window(u64::from(window)))
            .map_err(refused)?;
    }
    Ok(limits)
}

fn refused(error: impl std::fmt::Display) -> RpcError {
    RpcError::new(
        ErrorKind::Configuration,
        Executed::No,
        format!("the QUIC library refused its configuration: {error}"),
    )
}

fn no_socket(error: impl std::fmt::Display) -> RpcError {
    RpcError::new(ErrorKind::Io, Executed::No, format!("the UDP socket can't be used: {error}"))
}

/// Streams of each direction that a peer may have open: lanes, streaming calls, and large messages in flight.
///
/// s2n-quic gives credit for that many new ones in each round trip, too.
pub(crate) const STREAMS_MAX: u64 = 1024;

/// Ethernet.
const MTU_MAX_NETWORK: u16 = 1500;

/// Loopback carries four times as much, and one system call sends four of these. Calls of 1 KiB were up to a sixth faster than
/// with jumbo frames, those of 16 KiB up to a seventh, and no faster with 32,000 bytes (`benches/peers`, 64 in flight).
const MTU_MAX_LOOPBACK: u16 = 16_000;

/// What the system keeps until this process comes to read it. With Linux's default of 208 KiB, which two or three batches of
/// jumbo frames fill, one large message overruns it again and again, and each time it is as if the network had lost a
/// batch: a stream of small items ran at 40% of its speed, large messages at half (`benches/peers`, on a core each).
const RECEIVE_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Room for 17 streams that nobody reads: with the window of one stream, which is s2n-quic's default, the first of them
/// holds up every other call of its connection.
const CONNECTION_WINDOW_BYTES: u32 = 64 * 1024 * 1024;

/// What one stream may have on its way, and what a handler is ahead of a caller that does not read, beside that one's window.
/// Over a round trip of 100 ms it carries 10 MB/s; s2n-quic's default of 4 MiB would be 4 MiB for each slow caller.
const SEND_BUFFER_BYTES: u32 = 1024 * 1024;

/// RFC 9000, section 20.1: `CONNECTION_REFUSED`.
const CONNECTION_REFUSED: u64 = 0x02;

/// RFC 9000, section 20.1: `CRYPTO_ERROR` carries a TLS alert in its low byte.
const TLS_ALERTS: std::ops::RangeInclusive<u64> = 0x100..=0x1ff;

/// RFC 7301: the alert `no_application_protocol`.
const TLS_NO_APPLICATION_PROTOCOL: u64 = 0x100 + 120;
