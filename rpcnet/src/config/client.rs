//! What a client is told before it connects.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::bind::{BindAddr, is_loopback};
use super::connection::{ConnectionDraft, ConnectionSettings, connection_setters};
use super::error::ConfigError;
use super::identity::Identity;
use super::limits::{self, in_range};
use super::pem::{Pem, PemRole};
use crate::transport::tls::{self, TrustedCertificates};

/// A client's configuration, found valid.
///
/// Made by [`ClientConfig::builder`], by [`ClientConfig::trusting`], or by [`ClientConfig::development`] for a first
/// try. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct ClientConfig(Arc<ClientSettings>);

/// The settings themselves, for the client.
#[derive(Debug)]
pub(crate) struct ClientSettings {
    pub(crate) trust: Trust,
    /// What the server's certificate must name; the target's own name or address if `None`.
    pub(crate) server_name: Option<String>,
    /// Any free port of the target's address family if `None`.
    pub(crate) bind_addr: Option<SocketAddr>,
    pub(crate) deadline: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) message_bytes_max: usize,
    /// The least pause between attempts to connect, and the most.
    pub(crate) reconnect_backoff: (Duration, Duration),
    pub(crate) wait_for_ready: bool,
    /// By the path if `None`.
    pub(crate) lanes: Option<usize>,
    /// How often the path is asked whether it is alive while calls wait.
    pub(crate) probe_interval: Option<Duration>,
    pub(crate) connection: ConnectionSettings,
}

/// Whose certificates a client accepts.
#[derive(Debug)]
pub(crate) enum Trust {
    /// Those that these vouch for.
    Certificates(Arc<TrustedCertificates>),
    /// Any; only ever on this machine (see `check_target`). Not even compiled in without the feature.
    #[cfg(feature = "development")]
    AnyOnLoopback,
}

impl ClientConfig {
    /// Starts a configuration. It needs [`with_ca_cert`](ClientConfigBuilder::with_ca_cert); all else has defaults.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), rpcnet::ConfigError> {
    /// use std::time::Duration;
    /// use rpcnet::ClientConfig;
    ///
    /// let config = ClientConfig::builder()
    ///     .with_ca_cert("certs/ca.pem")
    ///     .with_server_name("localhost")
    ///     .with_deadline(Duration::from_secs(5))
    ///     .build()?;
    /// # let _ = config; Ok(()) }
    /// ```
    pub fn builder() -> ClientConfigBuilder {
        ClientConfigBuilder::new()
    }

    /// Starts a configuration that trusts the certificates of `identity`, and those that they issued.
    ///
    /// For a self-signed server whose identity is at hand, as in a test.
    pub fn trusting(identity: &Identity) -> ClientConfigBuilder {
        ClientConfigBuilder::new().with_ca_cert(identity.certificate_pem())
    }

    /// Starts a configuration for a first try on this machine: it trusts any certificate, and refuses to connect to
    /// any address that is not loopback.
    ///
    /// Needs the feature `development`, which is on by default.
    ///
    /// ```
    /// # fn main() -> Result<(), rpcnet::ConfigError> {
    /// let config = rpcnet::ClientConfig::development().build()?;
    /// # let _ = config; Ok(()) }
    /// ```
    #[cfg(feature = "development")]
    pub fn development() -> ClientConfigBuilder {
        let mut builder = ClientConfigBuilder::new();
        builder.trust_any_on_loopback = true;
        builder
    }

    /// How long a call may take if neither the call nor its method says otherwise.
    pub fn deadline(&self) -> Duration {
        self.0.deadline
    }

    /// Whether calls wait for a connection while there is none.
    pub fn waits_for_ready(&self) -> bool {
        self.0.wait_for_ready
    }

    pub(crate) fn settings(&self) -> &ClientSettings {
        &self.0
    }

    /// Refuses a target that this configuration must not connect to. To be asked for every resolved address.
    pub(crate) fn check_target(&self, addr: SocketAddr) -> Result<(), ConfigError> {
        if self.0.trust.on_loopback_only() && !is_loopback(addr.ip()) {
            return Err(ConfigError::DevelopmentTarget { addr });
        }
        Ok(())
    }
}

impl Trust {
    fn on_loopback_only(&self) -> bool {
        match self {
            Self::Certificates(_) => false,
            #[cfg(feature = "development")]
            Self::AnyOnLoopback => true,
        }
    }
}

/// Collects a client's settings; [`build`](Self::build) checks them all at once.
#[derive(Debug, Clone)]
#[must_use = "nothing is configured until `build()` is called"]
pub struct ClientConfigBuilder {
    ca_certificates: Vec<Pem>,
    trust_any_on_loopback: bool,
    server_name: Option<String>,
    bind_addr: Option<BindAddr>,
    deadline: Duration,
    connect_timeout: Duration,
    message_bytes_max: usize,
    reconnect_backoff: (Duration, Duration),
    wait_for_ready: bool,
    probe_interval: Option<Duration>,
    lanes: Option<usize>,
    connection: ConnectionDraft,
}

impl ClientConfigBuilder {
    fn new() -> Self {
        Self {
            ca_certificates: Vec::new(),
            trust_any_on_loopback: false,
            server_name: None,
            bind_addr: None,
            deadline: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            message_bytes_max: limits::MESSAGE_BYTES_DEFAULT,
            reconnect_backoff: RECONNECT_BACKOFF_DEFAULT,
            wait_for_ready: false,
            probe_interval: Some(PROBE_INTERVAL_DEFAULT),
            lanes: None,
            connection: ConnectionDraft::default(),
        }
    }

    /// Trusts the certificates in `certificates`, a PEM file or PEM text (see [`Pem`]), and those that they issued.
    ///
    /// Usually the certificate of the authority that issued the server's. The server's own certificate does as well:
    /// then that very certificate is trusted. A bundle is read whole, and the method can be called several times, so
    /// that an authority can be replaced by trusting the old one and the new one for a while. The system's own trusted
    /// authorities are not asked.
    #[doc(alias = "with_server_cert")]
    pub fn with_ca_cert(mut self, certificates: impl Into<Pem>) -> Self {
        self.ca_certificates.push(certificates.into());
        self
    }

    /// The name that the server's certificate must have: a DNS name or an IP address (default: the name or address
    /// that is connected to).
    ///
    /// For a server that is reached by an address that its certificate does not name.
    pub fn with_server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// The local address to send from (default: any, on a port that the system chooses).
    pub fn with_bind_addr(mut self, addr: impl Into<BindAddr>) -> Self {
        self.bind_addr = Some(addr.into());
        self
    }

    /// How long a call may take if neither the call nor its method says otherwise (default: 30 s).
    ///
    /// From 1 ms to 30 days.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long connecting may take, handshake and greeting included (default: 10 s). From 1 ms to 24 h.
    ///
    /// Where a host says that nothing listens at the port (ICMP, which firewalls may swallow and hosts send sparingly), it fails at
    /// once, on Linux: other systems keep what they hear to themselves.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often to show on a silent connection that this side is alive (default: 10 s, or a third of a shorter idle
    /// timeout).
    ///
    /// It keeps a connection that waits for work open, and the path through firewalls and address translation, which
    /// often forget UDP after 30 s. Takes a `Duration`, or `None` to let idle connections close. At least 1 ms, and
    /// less than the idle timeout.
    pub fn with_keep_alive_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.connection.keep_alive_interval = Some(interval.into());
        self
    }

    /// The largest message to send or accept, in encoded bytes (default: 4 MiB). From 1 byte to 1 GiB.
    pub fn with_message_bytes_max(mut self, bytes: usize) -> Self {
        self.message_bytes_max = bytes;
        self
    }

    /// The pauses between attempts to connect after a connection was lost (default: 100 ms to 10 s).
    ///
    /// Each from 1 ms to 24 h, `min` no longer than `max`. The first attempt is made at once. After it, the pause doubles
    /// from `min` to `max`, and half of each is drawn by chance, so that the clients of a server that restarts do not come back
    /// all at once. A connection that lives longer than the next pause starts over.
    pub fn with_reconnect_backoff(mut self, min: Duration, max: Duration) -> Self {
        self.reconnect_backoff = (min, max);
        self
    }

    /// Whether calls wait for a connection, as long as their deadline allows, while the server can't be reached
    /// (default: `false`).
    ///
    /// Otherwise they wait for the first attempt after a loss only; where that is refused, because no server runs, for as long as an
    /// attempt [may take](Self::with_connect_timeout), as the server may just be starting again. From then on they fail at
    /// once, as never sent: a caller that has another server, or something else to do, should know, and calls that wait for a server that is
    /// down pile up in their callers' memory. Turn it on where there is one server and every caller can wait.
    pub fn with_wait_for_ready(mut self, wait: bool) -> Self {
        self.wait_for_ready = wait;
        self
    }

    /// How often to ask, while calls wait for answers or streams are open, whether the path to the server is alive (default: 100 ms).
    ///
    /// A path that swallows everything is noticed three of QUIC's probe timeouts after the first packet that it swallows, plus
    /// 200 ms: the calls fail as possibly executed (those of `idempotent` methods are sent again), and the client
    /// makes a new connection. This bounds how long it takes until there is such a packet when all requests had been
    /// acknowledged before. Under a steady load QUIC does not probe; then the path is given up when it has left several of these
    /// questions unanswered. A server that is slow to answer is never given up, as long as its machine acknowledges.
    ///
    /// A server whose process is gone is noticed sooner where its host is still there and says so: what it says to the next packet
    /// counts unless the server answers within two probe timeouts (on Linux, some 50 ms beside the round trips).
    ///
    /// Takes a `Duration` from 1 ms to 24 h, or `None` to ask at the [keep-alive
    /// interval](Self::with_keep_alive_interval) only. It costs a small packet each way for each connection that calls wait on:
    /// raise it where ten thousands of clients make calls that take long, or keep streams open.
    pub fn with_probe_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.probe_interval = interval.into();
        self
    }

    /// Over how many streams small calls travel (default: by the path, one where a round trip has taken less than 2 ms, four
    /// where it takes longer).
    ///
    /// From 1 to 16, or `None` for the default. The first is opened with the connection, the others when two calls are under way
    /// at once for the first time. Calls of one stream are sent together, which makes them cheap, and a
    /// lost packet holds up all of them, which makes the slowest slower the longer the path is.
    pub fn with_lanes(mut self, lanes: impl Into<Option<usize>>) -> Self {
        self.lanes = lanes.into();
        self
    }

    connection_setters!();

    /// Reads the files and checks every setting.
    ///
    /// # Errors
    ///
    /// The first [`ConfigError`] found; it names the file or the setting and says what to do.
    pub fn build(self) -> Result<ClientConfig, ConfigError> {
        if let Some(name) = &self.server_name {
            tls::check_server_name(name)?;
        }
        let bind_addr = self.bind_addr.as_ref().map(BindAddr::check).transpose()?;
        in_range("with_deadline", self.deadline, limits::DEADLINE)?;
        in_range("with_connect_timeout", self.connect_timeout, limits::TIMEOUT)?;
        let (min, max) = self.reconnect_backoff;
        in_range("with_reconnect_backoff", min, limits::TIMEOUT)?;
        in_range("with_reconnect_backoff", max, min..=*limits::TIMEOUT.end())?;
        if let Some(interval) = self.probe_interval {
            in_range("with_probe_interval", interval, limits::TIMEOUT)?;
        }
        if let Some(lanes) = self.lanes {
            in_range("with_lanes", lanes, limits::LANES)?;
        }
        in_range("with_message_bytes_max", self.message_bytes_max, limits::MESSAGE_BYTES)?;
        let connection = self.connection.check(Some(KEEP_ALIVE_DEFAULT))?;
        let trust = trust(self.ca_certificates, self.trust_any_on_loopback)?;
        Ok(ClientConfig(Arc::new(ClientSettings {
            trust,
            server_name: self.server_name,
            bind_addr,
            deadline: self.deadline,
            connect_timeout: self.connect_timeout,
            message_bytes_max: self.message_bytes_max,
            reconnect_backoff: self.reconnect_backoff,
            wait_for_ready: self.wait_for_ready,
            probe_interval: self.probe_interval,
            lanes: self.lanes,
            connection,
        })))
    }
}

fn trust(pems: Vec<Pem>, any_on_loopback: bool) -> Result<Trust, ConfigError> {
    #[cfg(feature = "development")]
    if any_on_loopback {
        if pems.is_empty() {
            return Ok(Trust::AnyOnLoopback);
        }
        return Err(ConfigError::Conflict {
            setting: "with_ca_cert",
            reason: "`ClientConfig::development()` trusts any certificate: use `ClientConfig::builder()` to have \
                     certificates checked",
        });
    }
    #[cfg(not(feature = "development"))]
    let _ = any_on_loopback;
    if pems.is_empty() {
        return Err(ConfigError::NoTrust);
    }
    let mut trusted = TrustedCertificates::new();
    for pem in pems {
        trusted.add(pem.read(PemRole::CaCertificate)?)?;
    }
    Ok(Trust::Certificates(Arc::new(trusted)))
}

/// A server that restarts is back within a second or so: the first pauses are short. One that stays away is asked by each
/// client a few times a minute, and noticed soon after its return.
const RECONNECT_BACKOFF_DEFAULT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A third of what a caller should lose to a dead path beyond QUIC's own probes.
const PROBE_INTERVAL_DEFAULT: Duration = Duration::from_millis(100);

/// A third of the default idle timeout, so that two may get lost; also well within what firewalls remember.
const KEEP_ALIVE_DEFAULT: Duration = Duration::from_secs(10);

// Nearly all of them mint an identity.
#[cfg(all(test, feature = "development"))]
mod tests {
    use super::*;

    fn message(builder: ClientConfigBuilder) -> String {
        builder.build().expect_err("invalid").to_string()
    }

    #[test]
    fn a_client_that_trusts_nobody_is_told_what_to_call() {
        assert!(message(ClientConfig::builder()).contains("call `with_ca_cert`"));
    }

    #[test]
    fn a_development_client_stays_on_this_machine() {
        let config = ClientConfig::development().build().expect("valid");
        config.check_target(([127, 0, 0, 1], 1).into()).expect("loopback");
        config.check_target("[::1]:1".parse().expect("an address")).expect("loopback");
        let error = config.check_target(([10, 0, 0, 1], 1).into()).expect_err("another machine");
        assert!(error.to_string().contains("not to 10.0.0.1:1"), "{error}");
    }

    #[test]
    fn a_development_client_does_not_pretend_to_check() {
        assert!(message(ClientConfig::development().with_ca_cert("ca.pem")).starts_with("with_ca_cert: "));
    }

    #[test]
    fn a_client_that_checks_may_connect_anywhere() {
        let identity = Identity::self_signed(["localhost"]).expect("made");
        let config = ClientConfig::trusting(&identity).build().expect("valid");
        config.check_target(([10, 0, 0, 1], 1).into()).expect("anywhere");
    }

    #[test]
    fn an_invalid_server_name_is_refused() {
        for name in ["", "https://localhost", "localhost:80", "a b", "-"] {
            let error = message(ClientConfig::development().with_server_name(name));
            assert!(error.contains(&format!("`{name}` is no server name")), "{error}");
        }
        for name in ["localhost", "api.example.com", "127.0.0.1", "::1"] {
            ClientConfig::development().with_server_name(name).build().expect(name);
        }
    }

    #[test]
    fn durations_and_sizes_are_checked() {
        let base = ClientConfig::development;
        assert!(message(base().with_deadline(Duration::ZERO)).starts_with("with_deadline: 0ns"));
        assert!(message(base().with_connect_timeout(Duration::ZERO)).starts_with("with_connect_timeout: 0ns"));
        assert!(message(base().with_message_bytes_max(0)).starts_with("with_message_bytes_max: 0"));
        let [short, long] = [Duration::from_millis(1), Duration::from_secs(1)];
        assert!(
            message(base().with_reconnect_backoff(Duration::ZERO, long)).starts_with("with_reconnect_backoff: 0ns")
        );
        assert!(message(base().with_reconnect_backoff(long, short)).starts_with("with_reconnect_backoff: 1ms"));
        assert!(message(base().with_probe_interval(Duration::ZERO)).starts_with("with_probe_interval: 0ns"));
        assert!(message(base().with_lanes(17)).starts_with("with_lanes: 17"));
        assert!(message(base().with_bind_addr("x")).starts_with("with_bind_addr: `x`"));
    }

    #[test]
    fn a_client_keeps_its_connection_alive_unless_told_not_to() {
        let interval =
            |builder: ClientConfigBuilder| builder.build().expect("valid").settings().connection.keep_alive_interval;
        assert_eq!(interval(ClientConfig::development()), Some(Duration::from_secs(10)));
        assert_eq!(interval(ClientConfig::development().with_keep_alive_interval(None)), None);
        let five = Duration::from_secs(5);
        assert_eq!(interval(ClientConfig::development().with_keep_alive_interval(five)), Some(five));
    }
}
