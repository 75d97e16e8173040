//! What client and server set alike for a QUIC connection.

use std::time::Duration;

use super::error::ConfigError;
use super::limits::{self, in_range};

/// How a connection finds out how fast it may send.
///
/// NewReno, which older documents of rpcnet mention, does not exist in the QUIC library.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CongestionController {
    /// CUBIC (RFC 9438): what TCP uses on most systems; yields to loss. The default.
    #[default]
    Cubic,
    /// BBR version 2: follows the measured bandwidth; better on long paths with some random loss.
    Bbr,
}

/// A cipher suite of TLS 1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CipherSuite {
    /// AES with 128-bit keys: the fastest where the processor has AES instructions, as nearly all servers do.
    Aes128Gcm,
    /// AES with 256-bit keys, for those who are obliged to use it.
    Aes256Gcm,
    /// ChaCha20-Poly1305: the fastest where the processor has no AES instructions.
    ChaCha20Poly1305,
}

/// Settings as a builder collected them.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionDraft {
    pub(crate) idle_timeout: Duration,
    /// What the user said, if anything: `Some(None)` is "no keep-alive".
    pub(crate) keep_alive_interval: Option<Option<Duration>>,
    pub(crate) max_mtu: Option<u16>,
    pub(crate) congestion_controller: CongestionController,
    pub(crate) connection_window_bytes: Option<u32>,
    pub(crate) stream_window_bytes: Option<u32>,
    pub(crate) cipher_suites: Vec<CipherSuite>,
    #[cfg(feature = "simulation")]
    pub(crate) simulated_network: bool,
}

/// Settings that were found valid; `None` is the QUIC library's default.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionSettings {
    pub(crate) idle_timeout: Duration,
    pub(crate) keep_alive_interval: Option<Duration>,
    pub(crate) max_mtu: Option<u16>,
    pub(crate) congestion_controller: CongestionController,
    pub(crate) connection_window_bytes: Option<u32>,
    pub(crate) stream_window_bytes: Option<u32>,
    /// In order of preference, never empty.
    pub(crate) cipher_suites: Vec<CipherSuite>,
    /// Whether turmoil's network takes the place of the system's.
    #[cfg(feature = "simulation")]
    pub(crate) simulated_network: bool,
}

impl Default for ConnectionDraft {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(30),
            keep_alive_interval: None,
            max_mtu: None,
            congestion_controller: CongestionController::default(),
            connection_window_bytes: None,
            stream_window_bytes: None,
            cipher_suites: vec![CipherSuite::Aes128Gcm, CipherSuite::Aes256Gcm, CipherSuite::ChaCha20Poly1305],
            #[cfg(feature = "simulation")]
            simulated_network: false,
        }
    }
}

impl ConnectionDraft {
    /// Checks every setting; `keep_alive_default` is used where the user said nothing.
    pub(crate) fn check(&self, keep_alive_default: Option<Duration>) -> Result<ConnectionSettings, ConfigError> {
        in_range("with_idle_timeout", self.idle_timeout, limits::TIMEOUT)?;
        if let Some(Some(interval)) = self.keep_alive_interval {
            self.check_keep_alive(interval)?;
        }
        if let Some(mtu) = self.max_mtu {
            in_range("with_max_mtu", mtu, limits::MTU)?;
        }
        if let Some(window) = self.connection_window_bytes {
            in_range("with_connection_window_bytes", window, limits::WINDOW_BYTES)?;
        }
        if let Some(window) = self.stream_window_bytes {
            in_range("with_stream_window_bytes", window, limits::WINDOW_BYTES)?;
        }
        if self.cipher_suites.is_empty() {
            return Err(ConfigError::Conflict {
                setting: "with_cipher_suites",
                reason: "the list is empty and no connection could be made: give at least one, or do not call it",
            });
        }
        // A default must fit the idle timeout that the user chose: three tries before the connection is given up.
        let default = keep_alive_default.map(|interval| interval.min(self.idle_timeout / 3));
        Ok(ConnectionSettings {
            idle_timeout: self.idle_timeout,
            keep_alive_interval: self.keep_alive_interval.unwrap_or(default),
            max_mtu: self.max_mtu,
            congestion_controller: self.congestion_controller,
            connection_window_bytes: self.connection_window_bytes,
            stream_window_bytes: self.stream_window_bytes,
            cipher_suites: self.cipher_suites.clone(),
            #[cfg(feature = "simulation")]
            simulated_network: self.simulated_network,
        })
    }

    fn check_keep_alive(&self, interval: Duration) -> Result<(), ConfigError> {
        if interval >= *limits::TIMEOUT.start() && interval < self.idle_timeout {
            return Ok(());
        }
        Err(ConfigError::OutOfRange {
            setting: "with_keep_alive_interval",
            given: format!("{interval:?}"),
            legal: format!(
                "{:?} or more, and less than the idle timeout ({:?}), or None",
                limits::TIMEOUT.start(),
                self.idle_timeout
            ),
        })
    }
}

/// The builder methods that client and server share; `self.connection` is a [`ConnectionDraft`].
macro_rules! connection_setters {
    () => {
        /// How long a connection may be silent before both sides give it up (default: 30 s).
        ///
        /// From 1 ms to 24 h. The shorter of the two peers' values counts. A peer that vanished without a word is
        /// noticed after this time.
        pub fn with_idle_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.connection.idle_timeout = timeout;
            self
        }

        /// The largest packet to try, IP and UDP headers included, in bytes (default: 1500,
        /// and 16000 to a peer on this machine).
        ///
        /// From 1228. The path is probed (RFC 8899), so that a value above what it carries costs some lost probes and nothing
        /// else. In networks with jumbo frames 9000 makes messages of a kilobyte and more faster; set it on both sides.
        pub fn with_max_mtu(mut self, mtu: u16) -> Self {
            self.connection.max_mtu = Some(mtu);
            self
        }

        /// How this side finds out how fast it may send (default: CUBIC). The peer chooses its own.
        pub fn with_congestion_controller(mut self, controller: crate::CongestionController) -> Self {
            self.connection.congestion_controller = controller;
            self
        }

        /// How many bytes the peer may send on one connection before this side has consumed them (default: 64 MiB).
        ///
        /// Streams that nobody reads take their own windows out of it: a program that leaves more of them unread than
        /// fit holds up all its other calls, too.
        ///
        /// From 16 KiB to 4 GiB - 1. Bounds the memory that a peer can fill; must be bandwidth times round-trip time,
        /// or more, for a connection to reach full speed.
        pub fn with_connection_window_bytes(mut self, bytes: u32) -> Self {
            self.connection.connection_window_bytes = Some(bytes);
            self
        }

        /// The same for one stream of a connection (default: 3.75 MB).
        ///
        /// With less than the peer's send buffer, which is 1 MiB, a call that is given up while nobody reads its stream can cost
        /// the whole connection: s2n-quic 1.91 then tells a final size that this window does not allow.
        ///
        /// From 16 KiB to 4 GiB - 1. More than the connection's window is never used.
        pub fn with_stream_window_bytes(mut self, bytes: u32) -> Self {
            self.connection.stream_window_bytes = Some(bytes);
            self
        }

        /// The cipher suites of TLS 1.3 to offer or accept, in order of preference (default: AES-128-GCM, AES-256-GCM,
        /// ChaCha20-Poly1305). An empty list is refused by `build()`.
        pub fn with_cipher_suites(mut self, suites: impl IntoIterator<Item = crate::CipherSuite>) -> Self {
            self.connection.cipher_suites = suites.into_iter().collect();
            self
        }

        /// Sends and receives over the network that [turmoil](https://docs.rs/turmoil/0.7) simulates, instead of the
        /// system's: to be used inside of a simulation's hosts and clients, on both sides.
        ///
        /// Everything runs on the host's own runtime and in its virtual time, so that crashing the host is what it is for a
        /// machine; there are no IO threads. A client finds servers by their hosts' names or by address. Certificates are
        /// checked as ever, so give the server an identity for its host's name. Give packets a latency above zero, and the
        /// hosts' sockets room for a few hundred of them (`udp_capacity`).
        ///
        /// Keys, connection ids and the jitter of reconnecting are drawn from the system's randomness, not from the
        /// simulation's seed: a seed replays the same faults at the same times, but not packet for packet.
        ///
        /// Needs the feature `simulation`.
        #[cfg(feature = "simulation")]
        pub fn with_simulated_network(mut self) -> Self {
            self.connection.simulated_network = true;
            self
        }
    };
}
pub(crate) use connection_setters;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_keep_alive_follows_a_short_idle_timeout() {
        let draft = ConnectionDraft { idle_timeout: Duration::from_secs(6), ..ConnectionDraft::default() };
        let settings = draft.check(Some(Duration::from_secs(10))).expect("valid");
        assert_eq!(settings.keep_alive_interval, Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_keep_alive_that_comes_too_late_is_refused() {
        let interval = Some(Some(Duration::from_secs(30)));
        let draft = ConnectionDraft { keep_alive_interval: interval, ..ConnectionDraft::default() };
        let message = draft.check(None).expect_err("as long as the idle timeout").to_string();
        assert!(message.starts_with("with_keep_alive_interval: 30s is out of range"), "{message}");
    }

    #[test]
    fn keep_alive_can_be_turned_off() {
        let draft = ConnectionDraft { keep_alive_interval: Some(None), ..ConnectionDraft::default() };
        assert_eq!(draft.check(Some(Duration::from_secs(10))).expect("valid").keep_alive_interval, None);
    }

    #[test]
    fn a_packet_too_small_for_quic_is_refused() {
        let draft = ConnectionDraft { max_mtu: Some(1200), ..ConnectionDraft::default() };
        let message = draft.check(None).expect_err("too small").to_string();
        assert_eq!(message, "with_max_mtu: 1200 is out of range: give 1228 to 65535");
    }
}
