//! How a client judges a server's certificate.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::certificate::{TrustedCertificates, check_end_entity};
use super::refusal::{self, VerificationLog};

/// Asks rustls's own verifier, accepts a certificate that is itself trusted, and notes why another was refused.
#[derive(Debug)]
pub(super) struct Recording {
    inner: Arc<WebPkiServerVerifier>,
    trusted: Arc<TrustedCertificates>,
    log: VerificationLog,
}

impl Recording {
    pub(super) fn new(
        inner: Arc<WebPkiServerVerifier>,
        trusted: Arc<TrustedCertificates>,
        log: VerificationLog,
    ) -> Self {
        Self { inner, trusted, log }
    }
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = if self.trusted.contains(end_entity) {
            verify_trusted(end_entity, server_name, now)
        } else {
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        verdict.inspect_err(|error| {
            self.log.record(server_name, refusal::explain(error, end_entity, server_name, now));
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Judges a certificate that the user gave as trusted: nobody has to vouch for it, but dates, purpose and name count.
///
/// rustls's verifier would refuse it if it was issued by an authority that is not trusted too, or if it is marked as
/// an authority itself, as `openssl req -x509` marks a self-signed one.
fn verify_trusted(
    end_entity: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    match check_end_entity(end_entity, now) {
        Ok(()) | Err(webpki::Error::CaUsedAsEndEntity) => {}
        Err(webpki::Error::CertExpired { time, not_after }) => {
            return Err(CertificateError::ExpiredContext { time, not_after }.into());
        }
        Err(webpki::Error::CertNotValidYet { time, not_before }) => {
            return Err(CertificateError::NotValidYetContext { time, not_before }.into());
        }
        Err(error) => return Err(CertificateError::Other(OtherError(Arc::new(error))).into()),
    }
    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
    Ok(ServerCertVerified::assertion())
}

/// Accepts any certificate; that the peer holds its key is still checked. Only for connections to this machine.
#[cfg(feature = "development")]
#[derive(Debug)]
pub(super) struct AnyCertificate {
    algorithms: rustls::crypto::WebPkiSupportedAlgorithms,
}

#[cfg(feature = "development")]
impl AnyCertificate {
    pub(super) fn new(provider: &rustls::crypto::CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }
}

#[cfg(feature = "development")]
impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
