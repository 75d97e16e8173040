//! Who a server or client is: a certificate chain and its private key.

use std::fmt;
use std::sync::Arc;

use super::error::ConfigError;
use super::pem::{Pem, PemRole};
use crate::transport::tls::KeyPair;

/// A certificate chain and the private key of its first certificate.
///
/// Everything is checked when it is made: that both are there, that they belong together, and that the certificate is
/// valid today. Cloning is cheap. `Debug` shows where it came from and whom it names, never the key.
#[derive(Clone)]
pub struct Identity(Arc<KeyPair>);

impl Identity {
    /// Reads a certificate chain, the identity's own certificate first, and its private key (PKCS #8, PKCS #1 or
    /// SEC 1, not encrypted) from PEM files or PEM text; see [`Pem`] for what can be passed.
    ///
    /// Both may be the same file.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), rpcnet::ConfigError> {
    /// use rpcnet::{Identity, ServerConfig};
    ///
    /// let identity = Identity::from_pem("certs/server.pem", "certs/server-key.pem")?;
    /// let config = ServerConfig::builder().with_identity(identity).build()?;
    /// # let _ = config; Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the file: it cannot be read, is no PEM, holds no certificate or no key, the key is
    /// encrypted, of an unknown kind or belongs to another certificate, a certificate of the chain has expired or is
    /// not yet valid.
    pub fn from_pem(certificate: impl Into<Pem>, key: impl Into<Pem>) -> Result<Self, ConfigError> {
        let certificate = certificate.into().read(PemRole::Certificate)?;
        let key = key.into().read(PemRole::PrivateKey)?;
        KeyPair::from_pem(certificate, key).map(|pair| Self(Arc::new(pair)))
    }

    /// Makes a fresh key and a certificate for `names` (DNS names or IP addresses), signed by that key itself.
    ///
    /// For development and tests: nobody trusts such a certificate but those who were given it (see
    /// [`certificate_pem`](Self::certificate_pem) and
    /// [`ClientConfig::trusting`](crate::ClientConfig::trusting)). It is new at every call, and the key is never
    /// written anywhere. Needs the feature `development`, which is on by default.
    ///
    /// ```
    /// # fn main() -> Result<(), rpcnet::ConfigError> {
    /// use rpcnet::{ClientConfig, Identity, ServerConfig};
    ///
    /// let identity = Identity::self_signed(["localhost", "127.0.0.1"])?;
    /// let client = ClientConfig::trusting(&identity).build()?;
    /// let server = ServerConfig::builder().with_identity(identity).build()?;
    /// # let _ = (client, server); Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::SelfSigned`] if there is no name, or one that can stand in no certificate.
    #[cfg(feature = "development")]
    pub fn self_signed<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, ConfigError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.is_empty() {
            let reason = "no name was given: give the names and addresses that clients connect to".to_owned();
            return Err(ConfigError::SelfSigned { reason });
        }
        let (certificate, key) = mint(names).map_err(|error| ConfigError::SelfSigned { reason: error.to_string() })?;
        Self::from_pem(certificate, key)
    }

    /// The certificate chain as PEM text, without the key: what a client is given so that it trusts this identity.
    ///
    /// ```
    /// # fn main() -> Result<(), rpcnet::ConfigError> {
    /// let identity = rpcnet::Identity::self_signed(["localhost"])?;
    /// assert!(identity.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok(()) }
    /// ```
    pub fn certificate_pem(&self) -> String {
        self.0.chain_pem().to_owned()
    }

    pub(crate) fn key_pair(&self) -> &KeyPair {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.0).finish()
    }
}

/// Certificate and key as PEM.
#[cfg(feature = "development")]
fn mint(names: Vec<String>) -> Result<(String, String), rcgen::Error> {
    let key = rcgen::KeyPair::generate()?;
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "rpcnet self-signed");
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

// Nearly all of them mint an identity.
#[cfg(all(test, feature = "development"))]
mod tests;
