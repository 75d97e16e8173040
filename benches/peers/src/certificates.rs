//! Certificates for one run: an authority and a server certificate, minted at start, gone at the end.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

/// The PEM files that servers and clients are pointed at; dropping it removes them.
pub(crate) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Mints an authority and a certificate for [`SERVER_NAME`], both with ECDSA P-256 keys.
    pub(crate) fn mint() -> Result<Self> {
        let mut authority = CertificateParams::new(Vec::<String>::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let server_key = KeyPair::generate()?;
        let names = vec![SERVER_NAME.to_owned(), "127.0.0.1".to_owned()];
        let server = CertificateParams::new(names)?.signed_by(&server_key, &issuer)?;

        let folder = tempfile::tempdir().context("making a folder for certificates")?;
        let files = [(AUTHORITY, authority_pem), (CERTIFICATE, server.pem()), (KEY, server_key.serialize_pem())];
        for (name, pem) in files {
            std::fs::write(folder.path().join(name), pem).with_context(|| format!("writing {name}"))?;
        }
        Ok(Self { folder })
    }

    /// Where the files are, for the child processes.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The three PEM files in one folder.
#[derive(Clone, Debug)]
pub(crate) struct CertificatePaths {
    /// The authority that clients trust.
    pub(crate) authority: PathBuf,
    /// The server's certificate.
    pub(crate) certificate: PathBuf,
    /// The server's private key.
    pub(crate) key: PathBuf,
}

impl CertificatePaths {
    /// The files as [`Certificates::mint`] names them.
    pub(crate) fn within(folder: &Path) -> Self {
        Self { authority: folder.join(AUTHORITY), certificate: folder.join(CERTIFICATE), key: folder.join(KEY) }
    }
}

/// The name in the certificate.
pub(crate) const SERVER_NAME: &str = "localhost";

const AUTHORITY: &str = "authority.pem";
const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server-key.pem";
