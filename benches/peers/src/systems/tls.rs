//! One TLS library and one order of ciphers for the systems over TCP.

use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};

/// Makes aws-lc with AES-128-GCM first the process's default.
///
/// rustls offers AES-256-GCM first. QUIC stacks start with AES-128-GCM, so the peers get the
/// cheaper cipher too; both tonic and tokio-rustls take the process default.
pub(super) fn prefer_aes_128() {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| *suite != aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256);
    // Fails only if it was installed before, by this same function.
    let _ = CryptoProvider::install_default(provider);
}
