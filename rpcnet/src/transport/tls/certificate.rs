//! Certificates and keys out of PEM, checked as a client would check them.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};

use super::{refusal, utc};
use crate::config::{ConfigError, PemRole, PemText};

/// A certificate chain and the private key of its first certificate, found to belong together and valid today.
pub(crate) struct KeyPair {
    certified: Arc<CertifiedKey>,
    chain_pem: String,
    origin: String,
}

impl KeyPair {
    pub(crate) fn from_pem(certificate: PemText, key: PemText) -> Result<Self, ConfigError> {
        let chain = certificates(&certificate)?;
        let signing_key = private_key(&key)?;
        check_dates(&chain, &certificate.origin)?;
        let certified = CertifiedKey::new(chain, signing_key);
        use rustls::{Error, InconsistentKeys};
        match certified.keys_match() {
            // Unknown: the key cannot tell its public half. Then the handshake will show.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(Error::InconsistentKeys(_)) => {
                return Err(ConfigError::KeyMismatch { certificate: certificate.origin, key: key.origin });
            }
            Err(error) => {
                return Err(ConfigError::UnusableCertificate { origin: certificate.origin, reason: error.to_string() });
            }
        }
        let chain_pem = certificate_sections(&certificate.bytes);
        Ok(Self { certified: Arc::new(certified), chain_pem, origin: certificate.origin })
    }

    /// The chain's PEM sections as they were given.
    pub(crate) fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// Refuses a certificate that every client would refuse from a server.
    pub(crate) fn check_for_server(&self) -> Result<(), ConfigError> {
        let Some(own) = self.certified.cert.first() else { return Ok(()) };
        let unusable = |reason: &str| {
            Err(ConfigError::UnusableCertificate { origin: self.origin.clone(), reason: reason.to_owned() })
        };
        match check_end_entity(own, UnixTime::now()) {
            Err(webpki::Error::RequiredEkuNotFoundContext(_) | webpki::Error::EmptyEkuExtension) => unusable(
                "it is not meant for servers (its extended key usage lacks serverAuth) and every client would refuse \
                 it: issue one with `extendedKeyUsage=serverAuth`",
            ),
            _ if !refusal::has_names(own) => unusable(
                "it names no server (only subjectAltName counts, not the common name) and every client would refuse \
                 it: issue one with `subjectAltName=DNS:` and the name by which clients connect",
            ),
            _ => Ok(()),
        }
    }

    pub(super) fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::new(Always(Arc::clone(&self.certified)))
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.certified.cert.first().map(refusal::describe).unwrap_or_default();
        f.debug_struct("KeyPair").field("origin", &self.origin).field("certificate", &names).finish_non_exhaustive()
    }
}

/// One certificate for every client.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// The certificates that a client trusts: as issuers, and as the server's own.
pub(crate) struct TrustedCertificates {
    roots: Arc<RootCertStore>,
    certificates: Vec<CertificateDer<'static>>,
}

impl TrustedCertificates {
    /// Nobody is trusted yet.
    pub(crate) fn new() -> Self {
        Self { roots: Arc::new(RootCertStore::empty()), certificates: Vec::new() }
    }

    /// Adds every certificate in `pem`.
    pub(crate) fn add(&mut self, pem: PemText) -> Result<(), ConfigError> {
        let roots = Arc::make_mut(&mut self.roots);
        for (index, certificate) in certificates(&pem)?.into_iter().enumerate() {
            roots.add(certificate.clone()).map_err(|error| ConfigError::UnusableCertificate {
                origin: pem.origin.clone(),
                reason: format!("number {} in it cannot be read ({error}): export it anew", index + 1),
            })?;
            self.certificates.push(certificate);
        }
        Ok(())
    }

    pub(super) fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.roots)
    }

    /// Whether this very certificate is among those that were given.
    pub(super) fn contains(&self, certificate: &CertificateDer<'_>) -> bool {
        self.certificates.contains(certificate)
    }
}

impl fmt::Debug for TrustedCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.certificates.iter().map(refusal::describe)).finish()
    }
}

/// What a client finds wrong with a server's certificate before it asks who issued it: damage, dates, purpose.
pub(super) fn check_end_entity(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), webpki::Error> {
    let parsed = webpki::EndEntityCert::try_from(certificate)?;
    // With nobody to trust, whatever passes all other checks ends in `UnknownIssuer`.
    match parsed.verify_for_usage(&[], &[], &[], now, webpki::KeyUsage::server_auth(), None, None) {
        Ok(_) | Err(webpki::Error::UnknownIssuer) => Ok(()),
        Err(error) => Err(error),
    }
}

fn check_dates(chain: &[CertificateDer<'static>], origin: &str) -> Result<(), ConfigError> {
    use webpki::Error;
    let now = UnixTime::now();
    for (index, certificate) in chain.iter().enumerate() {
        let origin = match index {
            0 => origin.to_owned(),
            _ => format!("{origin} (number {} of the chain)", index + 1),
        };
        let unusable =
            |reason: &str| Err(ConfigError::UnusableCertificate { origin: origin.clone(), reason: reason.to_owned() });
        match check_end_entity(certificate, now) {
            // What is not meant for servers may be meant for clients, and issuers are not meant for either.
            Ok(())
            | Err(Error::CaUsedAsEndEntity | Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension) => {}
            Err(Error::CertExpired { not_after, .. }) => {
                return Err(ConfigError::CertificateExpired {
                    origin,
                    not_after: utc::text(not_after),
                    now: utc::text(now),
                });
            }
            Err(Error::CertNotValidYet { not_before, .. }) => {
                return Err(ConfigError::CertificateNotYetValid {
                    origin,
                    not_before: utc::text(not_before),
                    now: utc::text(now),
                });
            }
            Err(Error::InvalidCertValidity) => return unusable("its validity ends before it begins: issue it anew"),
            Err(Error::UnsupportedCertVersion) => {
                return unusable(
                    "it is an X.509 certificate of version 1, without names: issue one of version 3, with subjectAltName",
                );
            }
            Err(error) => return unusable(&format!("{error}: issue it anew")),
        }
    }
    Ok(())
}

/// Every certificate in `pem`, at least one.
fn certificates(pem: &PemText) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let sections = sections(pem)?;
    let certificates: Vec<_> = sections
        .iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| CertificateDer::from(der.clone()))
        .collect();
    if certificates.is_empty() {
        let hint = match sections.first() {
            Some((SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey, _)) => {
                ", found a private key; are certificate and key swapped?"
            }
            Some((SectionKind::Csr, _)) => ", found a request for one; pass what the authority sent back",
            _ if is_encrypted(&pem.bytes) => ", found an encrypted private key; are certificate and key swapped?",
            _ => "",
        };
        return Err(ConfigError::NoCertificate { origin: pem.origin.clone(), hint: hint.to_owned() });
    }
    Ok(certificates)
}

/// The one private key in `pem`.
fn private_key(pem: &PemText) -> Result<Arc<dyn SigningKey>, ConfigError> {
    if is_encrypted(&pem.bytes) {
        return Err(ConfigError::EncryptedKey { origin: pem.origin.clone() });
    }
    let sections = sections(pem)?;
    let no_key_hint = match sections.first() {
        Some((SectionKind::Certificate, _)) => ", found a certificate; are certificate and key swapped?",
        Some((SectionKind::PublicKey, _)) => ", found a public key; pass the private one",
        _ => "",
    };
    let mut keys = sections.into_iter().filter_map(|(kind, der)| PrivateKeyDer::from_pem(kind, der));
    let Some(key) = keys.next() else {
        return Err(ConfigError::NoPrivateKey { origin: pem.origin.clone(), hint: no_key_hint.to_owned() });
    };
    let unusable = |reason: String| ConfigError::UnusableKey { origin: pem.origin.clone(), reason };
    if keys.next().is_some() {
        return Err(unusable("there is more than one: leave only the certificate's own".to_owned()));
    }
    aws_lc_rs::sign::any_supported_type(&key).map_err(|_| {
        unusable("it is damaged or of an unsupported kind: use ECDSA (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more".to_owned())
    })
}

fn sections(pem: &PemText) -> Result<Vec<(SectionKind, Vec<u8>)>, ConfigError> {
    let not_pem = |reason: String| ConfigError::NotPem { role: pem.role.name(), origin: pem.origin.clone(), reason };
    if !contains(&pem.bytes, b"-----BEGIN ") {
        return Err(not_pem(explain_not_pem(&pem.bytes, pem.role)));
    }
    <(SectionKind, Vec<u8>)>::pem_slice_iter(&pem.bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| not_pem(format!("a section of it is damaged ({error}): copy it anew")))
}

fn explain_not_pem(bytes: &[u8], role: PemRole) -> String {
    match (bytes, role) {
        ([], _) => "it is empty".to_owned(),
        // The outermost SEQUENCE of a certificate or key, with a length of two bytes or one.
        ([0x30, 0x81 | 0x82, ..], PemRole::PrivateKey) => {
            "it looks like DER: convert it with `openssl pkey -inform der -in FILE -out FILE.pem`".to_owned()
        }
        ([0x30, 0x81 | 0x82, ..], PemRole::Certificate | PemRole::CaCertificate) => {
            "it looks like DER: convert it with `openssl x509 -inform der -in FILE -out FILE.pem`".to_owned()
        }
        _ => "no line of it starts with `-----BEGIN `".to_owned(),
    }
}

/// PKCS #8 says so in its label, the older formats in a header line.
fn is_encrypted(bytes: &[u8]) -> bool {
    contains(bytes, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || contains(bytes, b"Proc-Type: 4,ENCRYPTED")
}

/// The certificates' sections alone, as text: a key in the same file is left out.
fn certificate_sections(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.as_ref();
    let mut certificates = String::new();
    while let Some(start) = rest.find(BEGIN_CERTIFICATE) {
        let Some(length) = rest[start..].find(END_CERTIFICATE) else { break };
        let end = start + length + END_CERTIFICATE.len();
        certificates.push_str(&rest[start..end]);
        certificates.push('\n');
        rest = &rest[end..];
    }
    certificates
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

const BEGIN_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const END_CERTIFICATE: &str = "-----END CERTIFICATE-----";
