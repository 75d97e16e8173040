//! TLS 1.3 for the QUIC library. Only this file and its folder name rustls.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;

use crate::config::{CipherSuite, ClientConfig, ConfigError, ServerConfig, Trust};
use crate::proto::ALPN;

mod certificate;
mod refusal;
mod utc;
mod verifier;

pub(crate) use certificate::{KeyPair, TrustedCertificates};
pub(crate) use refusal::VerificationLog;

/// The server's side, to be handed to `s2n_quic::provider::tls::rustls::Server::from`.
pub(crate) fn server_tls(config: &ServerConfig) -> Result<Arc<rustls::ServerConfig>, ConfigError> {
    let settings = config.settings();
    let resolver = settings.identity.key_pair().resolver();
    let mut tls = rustls::ServerConfig::builder_with_provider(provider(&settings.connection.cipher_suites))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(refused)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.ignore_client_order = true;
    // QUIC frames the handshake itself.
    tls.max_fragment_size = None;
    // The QUIC library resumes no session with rustls: tickets would be bytes for nothing.
    tls.send_tls13_tickets = 0;
    tls.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    tls.max_early_data_size = 0;
    Ok(Arc::new(tls))
}

/// The client's side, to be handed to `s2n_quic::provider::tls::rustls::Client::from`, and where it notes why it
/// refused a server: the QUIC library says only "invalid certificate".
pub(crate) fn client_tls(config: &ClientConfig) -> Result<(Arc<rustls::ClientConfig>, VerificationLog), ConfigError> {
    let settings = config.settings();
    let provider = provider(&settings.connection.cipher_suites);
    let log = VerificationLog::default();
    let verifier: Arc<dyn ServerCertVerifier> = match &settings.trust {
        Trust::Certificates(trusted) => {
            let inner = WebPkiServerVerifier::builder_with_provider(trusted.roots(), provider.clone())
                .build()
                .map_err(|error| ConfigError::Tls { reason: error.to_string() })?;
            Arc::new(verifier::Recording::new(inner, Arc::clone(trusted), log.clone()))
        }
        #[cfg(feature = "development")]
        Trust::AnyOnLoopback => Arc::new(verifier::AnyCertificate::new(&provider)),
    };
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(refused)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.max_fragment_size = None;
    tls.resumption = rustls::client::Resumption::disabled();
    tls.enable_early_data = false;
    Ok((Arc::new(tls), log))
}

/// Refuses what is neither a DNS name nor an IP address: the QUIC library would panic.
pub(crate) fn check_server_name(name: &str) -> Result<(), ConfigError> {
    match ServerName::try_from(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(ConfigError::ServerName { name: name.to_owned() }),
    }
}

fn provider(suites: &[CipherSuite]) -> Arc<CryptoProvider> {
    let suite = |suite: &CipherSuite| match suite {
        CipherSuite::Aes128Gcm => aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::Aes256Gcm => aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::ChaCha20Poly1305 => aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    };
    Arc::new(CryptoProvider { cipher_suites: suites.iter().map(suite).collect(), ..aws_lc_rs::default_provider() })
}

fn refused(error: rustls::Error) -> ConfigError {
    ConfigError::Tls { reason: error.to_string() }
}

// Nearly all of them mint an identity.
#[cfg(all(test, feature = "development"))]
mod tests;
