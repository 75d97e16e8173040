//! What a server is told before it starts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::bind::{BindAddr, is_loopback};
use super::connection::{ConnectionDraft, ConnectionSettings, connection_setters};
use super::error::ConfigError;
use super::identity::Identity;
use super::limits::{self, ServerLimits, in_range};
use super::pem::Pem;

/// A server's configuration, found valid.
///
/// Made by [`ServerConfig::builder`], or by [`ServerConfig::development`] for a first try. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct ServerConfig(Arc<ServerSettings>);

/// The settings themselves, for the server.
#[derive(Debug)]
pub(crate) struct ServerSettings {
    pub(crate) identity: Identity,
    pub(crate) bind_addr: SocketAddr,
    pub(crate) limits: ServerLimits,
    pub(crate) handshake_timeout: Duration,
    /// Endpoints on the one port.
    pub(crate) io_threads: usize,
    pub(crate) connection: ConnectionSettings,
}

impl ServerConfig {
    /// Starts a configuration. It needs an identity: [`with_cert_and_key`](ServerConfigBuilder::with_cert_and_key) or
    /// [`with_identity`](ServerConfigBuilder::with_identity); all else has defaults.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), rpcnet::ConfigError> {
    /// use std::time::Duration;
    /// use rpcnet::ServerConfig;
    ///
    /// let config = ServerConfig::builder()
    ///     .with_bind_addr("0.0.0.0:8080")
    ///     .with_cert_and_key("certs/server.pem", "certs/server-key.pem")
    ///     .with_idle_timeout(Duration::from_secs(60))
    ///     .build()?;
    /// # let _ = config; Ok(()) }
    /// ```
    pub fn builder() -> ServerConfigBuilder {
        ServerConfigBuilder::new()
    }

    /// Starts a configuration for a first try on this machine: a fresh self-signed identity for `localhost`,
    /// 127.0.0.1 and ::1, bound to 127.0.0.1 and a port that the system chooses.
    ///
    /// Nothing can make it reachable from other machines: a bind address that is not loopback is refused by `build()`.
    /// A client connects to it with [`ClientConfig::development`](crate::ClientConfig::development). Needs the feature
    /// `development`, which is on by default.
    ///
    /// ```
    /// # fn main() -> Result<(), rpcnet::ConfigError> {
    /// let config = rpcnet::ServerConfig::development().build()?;
    /// # let _ = config; Ok(()) }
    /// ```
    #[cfg(feature = "development")]
    pub fn development() -> ServerConfigBuilder {
        let mut builder = ServerConfigBuilder::new();
        builder.identity = Some(IdentitySource::Development);
        builder.bind_addr = BindAddr::loopback();
        builder.loopback_only = true;
        builder
    }

    pub(crate) fn settings(&self) -> &ServerSettings {
        &self.0
    }
}

/// Collects a server's settings; [`build`](Self::build) checks them all at once.
#[derive(Debug, Clone)]
#[must_use = "nothing is configured until `build()` is called"]
pub struct ServerConfigBuilder {
    identity: Option<IdentitySource>,
    bind_addr: BindAddr,
    loopback_only: bool,
    limits: ServerLimits,
    handshake_timeout: Duration,
    io_threads: usize,
    connection: ConnectionDraft,
}

/// Where the identity comes from; files are read by `build()`.
#[derive(Debug, Clone)]
enum IdentitySource {
    Pem(Pem, Pem),
    Made(Identity),
    #[cfg(feature = "development")]
    Development,
}

impl ServerConfigBuilder {
    fn new() -> Self {
        Self {
            identity: None,
            bind_addr: BindAddr::loopback(),
            loopback_only: false,
            limits: ServerLimits::default(),
            handshake_timeout: Duration::from_secs(10),
            io_threads: 1,
            connection: ConnectionDraft::default(),
        }
    }

    /// Where to listen (default: `127.0.0.1:0`, this machine only, on a port that the system chooses).
    ///
    /// For all IPv4 addresses of the machine: `"0.0.0.0:8080"`; for all addresses: `"[::]:8080"`.
    pub fn with_bind_addr(mut self, addr: impl Into<BindAddr>) -> Self {
        self.bind_addr = addr.into();
        self
    }

    /// The server's certificate chain, its own certificate first, and private key, each a PEM file or PEM text; see
    /// [`Pem`]. Read and checked by [`build`](Self::build).
    pub fn with_cert_and_key(mut self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.identity = Some(IdentitySource::Pem(certificate.into(), key.into()));
        self
    }

    /// The server's identity, if it was loaded or made before.
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(IdentitySource::Made(identity));
        self
    }

    /// The largest message to accept or send, in encoded bytes (default: 4 MiB).
    ///
    /// From 1 byte to 1 GiB. Of a larger request no more than this is read into memory before it is refused.
    pub fn with_message_bytes_max(mut self, bytes: usize) -> Self {
        self.limits.message_bytes_max = bytes;
        self
    }

    /// How many calls one connection may have running at a time (default: 4096).
    ///
    /// From 1 to 1,000,000. A call beyond it is refused as overloaded; its handler never runs.
    pub fn with_calls_per_connection_max(mut self, calls: u32) -> Self {
        self.limits.calls_per_connection_max = calls;
        self
    }

    /// How many calls the whole server may have running at a time (default: 65,536).
    ///
    /// From 1 to 100,000,000. A call beyond it is refused as overloaded; its handler never runs.
    pub fn with_calls_max(mut self, calls: usize) -> Self {
        self.limits.calls_max = calls;
        self
    }

    /// How many connections the server holds at a time (default: 10,000).
    ///
    /// From 1 to 100,000,000. A connection beyond it is closed at once.
    pub fn with_connections_max(mut self, connections: usize) -> Self {
        self.limits.connections_max = connections;
        self
    }

    /// How many handshakes may be under way at a time on each [IO thread](Self::with_io_threads) (default: 1024).
    ///
    /// From 1 to 100,000,000. A handshake is what an unknown peer can make the server compute: this bounds it. Beyond half of it
    /// a client has to show first that it gets what is sent to its address, which costs it a round trip (a Retry, RFC 9000,
    /// section 8.1): so those who begin handshakes under forged addresses and never end them leave the other half to others. Of one
    /// or two there is no such half.
    pub fn with_handshakes_in_flight_max(mut self, handshakes: usize) -> Self {
        self.limits.handshakes_in_flight_max = handshakes;
        self
    }

    /// How many bytes the server holds for one connection (default: 64 MiB, or eight of the largest messages): of requests that
    /// are being read or served, of messages of streams until their handlers take them, and of answers that are being sent.
    ///
    /// At least twice [`with_message_bytes_max`](Self::with_message_bytes_max). Beyond half of it new requests are refused
    /// as overloaded, so that there is room for the answers of those under way; a stream whose next message finds no room ends for
    /// its handler as overloaded; a client that lets its answers gather beyond all of it without reading them is thrown out.
    /// Not counted are requests of up to 64 KiB and answers of up to 1 KiB, and 64 KiB of messages of each stream, which the
    /// number of calls bounds, and what QUIC itself buffers
    /// (see [`with_connection_window_bytes`](Self::with_connection_window_bytes)).
    pub fn with_buffer_bytes_per_connection_max(mut self, bytes: usize) -> Self {
        self.limits.buffer_bytes_per_connection_max = Some(bytes);
        self
    }

    /// The same for all connections together (default: 16 times as much, 1 GiB).
    ///
    /// At least as much as for one connection.
    pub fn with_buffer_bytes_max(mut self, bytes: usize) -> Self {
        self.limits.buffer_bytes_max = Some(bytes);
        self
    }

    /// How long a client may leave what the server holds for it as it is (default: 30 s).
    ///
    /// From 1 ms to 24 h. A client that neither goes on with a request, or a message of a stream, that it has begun nor reads any of
    /// its answers for so long, and at most twice as long, is thrown out; not while a stream of it waits for its handler, which may be
    /// why. So is one that opens a stream and does not begin a request there.
    pub fn with_stall_timeout(mut self, timeout: Duration) -> Self {
        self.limits.stall_timeout = timeout;
        self
    }

    /// How often to show a silent connection that this side is alive (default: never, as clients do it).
    ///
    /// Takes a `Duration` or an `Option` of one. At least 1 ms, and less than the idle timeout.
    pub fn with_keep_alive_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.connection.keep_alive_interval = Some(interval.into());
        self
    }

    /// How long a handshake may take before the peer is given up (default: 10 s). From 1 ms to 24 h.
    pub fn with_handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// How many threads do the network's work: packets, encryption, timers (default: 1).
    ///
    /// From 1 to 1024. Each is an endpoint of its own on the one port (by `SO_REUSEPORT`), and the system spreads
    /// connections over them; one connection stays on one thread. Handlers run elsewhere. More than one helps if one
    /// thread is busy all the time; a client whose address changes amid a call may then be cut off, since its packets
    /// can reach another thread.
    pub fn with_io_threads(mut self, threads: usize) -> Self {
        self.io_threads = threads;
        self
    }

    connection_setters!();

    /// Reads the files and checks every setting.
    ///
    /// # Errors
    ///
    /// The first [`ConfigError`] found; it names the file or the setting and says what to do.
    pub fn build(self) -> Result<ServerConfig, ConfigError> {
        let bind_addr = self.bind_addr.check()?;
        if self.loopback_only && !is_loopback(bind_addr.ip()) {
            return Err(ConfigError::DevelopmentBind { addr: bind_addr });
        }
        self.limits.check()?;
        in_range("with_handshake_timeout", self.handshake_timeout, limits::TIMEOUT)?;
        in_range("with_io_threads", self.io_threads, limits::IO_THREADS)?;
        let connection = self.connection.check(None)?;
        let identity = self.identity.ok_or(ConfigError::NoIdentity)?.load()?;
        identity.key_pair().check_for_server()?;
        Ok(ServerConfig(Arc::new(ServerSettings {
            identity,
            bind_addr,
            limits: self.limits,
            handshake_timeout: self.handshake_timeout,
            io_threads: self.io_threads,
            connection,
        })))
    }
}

impl IdentitySource {
    fn load(self) -> Result<Identity, ConfigError> {
        match self {
            Self::Pem(certificate, key) => Identity::from_pem(certificate, key),
            Self::Made(identity) => Ok(identity),
            #[cfg(feature = "development")]
            Self::Development => Identity::self_signed(["localhost", "127.0.0.1", "::1"]),
        }
    }
}

// Nearly all of them mint an identity.
#[cfg(all(test, feature = "development"))]
mod tests {
    use super::*;

    #[test]
    fn a_development_server_listens_on_this_machine_only() {
        let config = ServerConfig::development().build().expect("valid");
        assert!(config.settings().bind_addr.ip().is_loopback());
        let error = ServerConfig::development().with_bind_addr("0.0.0.0:0").build().expect_err("reachable");
        assert!(matches!(error, ConfigError::DevelopmentBind { .. }), "{error}");
        ServerConfig::development().with_bind_addr("[::1]:0").build().expect("also this machine");
    }

    #[test]
    fn a_server_without_identity_is_told_what_to_call() {
        let error = ServerConfig::builder().build().expect_err("nobody");
        assert!(error.to_string().contains("with_cert_and_key"), "{error}");
    }

    #[test]
    fn a_bind_address_that_is_none_is_reported_at_build() {
        let error = ServerConfig::development().with_bind_addr("nowhere").build().expect_err("no address");
        assert!(error.to_string().starts_with("with_bind_addr: `nowhere`"), "{error}");
    }

    #[test]
    fn every_limit_is_checked() {
        type Change = fn(ServerConfigBuilder) -> ServerConfigBuilder;
        let changes: [(&str, Change); 12] = [
            ("with_stall_timeout", |builder| builder.with_stall_timeout(Duration::ZERO)),
            ("with_buffer_bytes_per_connection_max", |builder| builder.with_buffer_bytes_per_connection_max(1 << 20)),
            ("with_buffer_bytes_max", |builder| builder.with_buffer_bytes_max(1 << 20)),
            ("with_message_bytes_max", |builder| builder.with_message_bytes_max(0)),
            ("with_calls_per_connection_max", |builder| builder.with_calls_per_connection_max(0)),
            ("with_calls_max", |builder| builder.with_calls_max(usize::MAX)),
            ("with_connections_max", |builder| builder.with_connections_max(0)),
            ("with_handshakes_in_flight_max", |builder| builder.with_handshakes_in_flight_max(0)),
            ("with_idle_timeout", |builder| builder.with_idle_timeout(Duration::MAX)),
            ("with_handshake_timeout", |builder| builder.with_handshake_timeout(Duration::ZERO)),
            ("with_io_threads", |builder| builder.with_io_threads(0)),
            ("with_stream_window_bytes", |builder| builder.with_stream_window_bytes(1)),
        ];
        for (setting, change) in changes {
            let error = change(ServerConfig::development()).build().expect_err(setting);
            assert!(error.to_string().starts_with(&format!("{setting}: ")), "{error}");
        }
    }

    #[test]
    fn cipher_suites_must_be_some() {
        let error = ServerConfig::development().with_cipher_suites([]).build().expect_err("none");
        assert!(error.to_string().starts_with("with_cipher_suites: "), "{error}");
    }
}
