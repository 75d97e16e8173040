//! Why a configuration was refused: each message says what happened, to which file or setting, and what to do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why an [`Identity`](crate::Identity), a [`ServerConfig`](crate::ServerConfig) or a
/// [`ClientConfig`](crate::ClientConfig) was refused.
///
/// Nothing was started or sent when this error is returned. `origin` names where a PEM came from: a file's path in
/// backticks, or "the PEM given as bytes".
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file could not be read: missing, a directory, no permission, or far too large.
    #[error("cannot read the {role} file `{}`: {error}; check the path{} and the permissions", path.display(), from_where(path))]
    #[non_exhaustive]
    Unreadable {
        /// What the file was to hold: "certificate", "private key" or "CA certificate".
        role: &'static str,
        /// The path as given.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        error: Arc<std::io::Error>,
    },

    /// The text is not PEM, or a section of it is damaged.
    #[error("{origin} is not a PEM {role}: {reason}")]
    #[non_exhaustive]
    NotPem {
        /// What was to be read: "certificate", "private key" or "CA certificate".
        role: &'static str,
        /// Where the text came from.
        origin: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },

    /// There is PEM, but no certificate in it.
    #[error("{origin} holds no certificate: expected `-----BEGIN CERTIFICATE-----`{hint}")]
    #[non_exhaustive]
    NoCertificate {
        /// Where the text came from.
        origin: String,
        /// What it holds instead, and what to do.
        hint: String,
    },

    /// There is PEM, but no private key in it.
    #[error("{origin} holds no private key: expected `-----BEGIN PRIVATE KEY-----`{hint}")]
    #[non_exhaustive]
    NoPrivateKey {
        /// Where the text came from.
        origin: String,
        /// What it holds instead, and what to do.
        hint: String,
    },

    /// The private key is protected by a passphrase.
    #[error(
        "the private key in {origin} is encrypted: decrypt it first with `openssl pkey -in KEY.pem -out PLAIN.pem` and protect the file by its permissions"
    )]
    #[non_exhaustive]
    EncryptedKey {
        /// Where the key came from.
        origin: String,
    },

    /// The private key cannot be used.
    #[error("the private key in {origin} cannot be used: {reason}")]
    #[non_exhaustive]
    UnusableKey {
        /// Where the key came from.
        origin: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },

    /// Certificate and private key are no pair.
    #[error(
        "the private key in {key} does not belong to the certificate in {certificate}: pass the key that the certificate was made with; if the certificate comes with a chain, the server's own certificate must come first"
    )]
    #[non_exhaustive]
    KeyMismatch {
        /// Where the certificate came from.
        certificate: String,
        /// Where the key came from.
        key: String,
    },

    /// A certificate's validity has ended.
    #[error(
        "the certificate in {origin} expired on {not_after} (now it is {now}) and every client would refuse it: renew it, or correct this machine's clock"
    )]
    #[non_exhaustive]
    CertificateExpired {
        /// Where the certificate came from.
        origin: String,
        /// The last moment of its validity, in UTC.
        not_after: String,
        /// This machine's clock, in UTC.
        now: String,
    },

    /// A certificate's validity has not begun.
    #[error(
        "the certificate in {origin} is not valid before {not_before} (now it is {now}) and every client would refuse it: correct this machine's clock, or issue the certificate anew"
    )]
    #[non_exhaustive]
    CertificateNotYetValid {
        /// Where the certificate came from.
        origin: String,
        /// The first moment of its validity, in UTC.
        not_before: String,
        /// This machine's clock, in UTC.
        now: String,
    },

    /// A certificate is damaged, of an unsupported kind, or not meant for this use.
    #[error("the certificate in {origin} cannot be used: {reason}")]
    #[non_exhaustive]
    UnusableCertificate {
        /// Where the certificate came from.
        origin: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },

    /// A server was given no certificate and key.
    #[error(
        "a server needs a certificate and its private key: call `with_cert_and_key` or `with_identity`, or start from `ServerConfig::development()` for a first try on this machine"
    )]
    NoIdentity,

    /// A client was told of no certificate to trust.
    #[error(
        "a client needs to know whom to trust: call `with_ca_cert` with the certificate of the authority that issued the server's certificate (or with the server's own, if it is self-signed), or start from `ClientConfig::development()` for a first try on this machine"
    )]
    NoTrust,

    /// A server name is neither a DNS name nor an IP address.
    #[error(
        "`{name}` is no server name: give a DNS name such as `api.example.com` or an IP address, without scheme or port"
    )]
    #[non_exhaustive]
    ServerName {
        /// The name as given.
        name: String,
    },

    /// A bind address cannot be understood.
    #[error(
        "with_bind_addr: `{given}` is no socket address: give an IP address and a port such as `0.0.0.0:8080`, `[::1]:8080` or `localhost:0` (port 0 lets the system choose)"
    )]
    #[non_exhaustive]
    BindAddr {
        /// The address as given.
        given: String,
    },

    /// A development server would have been reachable from other machines.
    #[error(
        "with_bind_addr: {addr} is reachable from other machines, and `ServerConfig::development()` is for this machine only: bind to 127.0.0.1 or [::1], or use `ServerConfig::builder()` with a certificate of your own"
    )]
    #[non_exhaustive]
    DevelopmentBind {
        /// The address as given.
        addr: SocketAddr,
    },

    /// A development client, which trusts any certificate, was to connect to another machine.
    #[error(
        "`ClientConfig::development()` trusts any certificate and so connects to this machine only, not to {addr}: use `ClientConfig::builder()` with `with_ca_cert`"
    )]
    #[non_exhaustive]
    DevelopmentTarget {
        /// The address that was to be connected to.
        addr: SocketAddr,
    },

    /// A setting is outside its legal range.
    #[error("{setting}: {given} is out of range: give {legal}")]
    #[non_exhaustive]
    OutOfRange {
        /// The builder's method.
        setting: &'static str,
        /// The value as given.
        given: String,
        /// The legal range, in words.
        legal: String,
    },

    /// Two settings contradict each other.
    #[error("{setting}: {reason}")]
    #[non_exhaustive]
    Conflict {
        /// The builder's method.
        setting: &'static str,
        /// What it contradicts, and what to do.
        reason: &'static str,
    },

    /// A self-signed identity could not be made.
    #[error("cannot make a self-signed identity: {reason}")]
    #[non_exhaustive]
    SelfSigned {
        /// What is wrong, and what to do.
        reason: String,
    },

    /// The TLS library refused settings that this crate had found valid.
    #[error("the TLS library refused the configuration: {reason}")]
    #[non_exhaustive]
    Tls {
        /// What the TLS library said.
        reason: String,
    },
}

/// For a relative path, where it starts; silent where that cannot be told.
fn from_where(path: &Path) -> String {
    match std::env::current_dir() {
        Ok(directory) if path.is_relative() => {
            format!(" (it starts from the working directory, `{}`)", directory.display())
        }
        _ => String::new(),
    }
}
