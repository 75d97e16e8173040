use std::fs;
use std::path::PathBuf;

use super::*;
use crate::ServerConfig;
use crate::config::testing::{self, Authority, Minted, self_signed};

/// The message of the error, which must contain every one of `parts`.
fn check(certificate: impl Into<Pem>, key: impl Into<Pem>, parts: &[&str]) {
    let message = Identity::from_pem(certificate, key).expect_err("accepted").to_string();
    for part in parts {
        assert!(message.contains(part), "no {part:?} in: {message}");
    }
}

fn good() -> Minted {
    self_signed(&testing::localhost())
}

/// A file in a folder of its own for each test, removed afterwards.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(test: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = std::env::temp_dir().join(format!("rpcnet-identity-{}-{test}.pem", std::process::id()));
        fs::write(&path, contents).expect("written");
        Self(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn an_identity_is_read_from_files_text_and_bytes() {
    let Minted { certificate, key } = good();
    let file = TemporaryFile::new("both", format!("{key}{certificate}"));
    for identity in [
        Identity::from_pem(certificate.as_str(), key.as_str()),
        Identity::from_pem(certificate.as_bytes(), key.clone().into_bytes()),
        Identity::from_pem(file.0.as_path(), file.0.clone()),
        Identity::from_pem(file.0.to_str().expect("plain"), key),
    ] {
        let pem = identity.expect("valid").certificate_pem();
        assert_eq!(pem.lines().collect::<Vec<_>>(), certificate.lines().collect::<Vec<_>>());
    }
}

#[test]
fn the_key_of_a_common_file_is_not_handed_out_with_the_certificate() {
    let Minted { certificate, key } = good();
    let both = format!("{certificate}{key}{certificate}");
    let identity = Identity::from_pem(both.as_str(), both.as_str()).expect("valid");
    assert!(!identity.certificate_pem().contains("KEY"));
    assert_eq!(identity.certificate_pem().matches("BEGIN").count(), 2);
}

#[test]
fn debug_tells_whom_it_names_and_never_the_key() {
    let identity = Identity::self_signed(["localhost", "127.0.0.1", "::1"]).expect("made");
    assert_eq!(
        format!("{identity:?}"),
        "Identity(KeyPair { origin: \"the PEM given as bytes\", certificate: \"for `localhost`, `127.0.0.1`, `::1`; \
         self-signed\", .. })"
    );
    let config = ServerConfig::builder().with_identity(identity).build().expect("valid");
    assert!(!format!("{config:?}").to_lowercase().contains("private"));
}

#[test]
fn a_missing_file_is_named() {
    check(
        "nowhere/server.pem",
        good().key,
        &["cannot read the certificate file `nowhere/server.pem`", "from the working directory"],
    );
    check(good().certificate, "nowhere/key.pem", &["cannot read the private key file `nowhere/key.pem`"]);
}

#[test]
fn what_is_no_pem_is_told_from_der_and_from_nothing() {
    let text = TemporaryFile::new("text", "hello");
    let path = text.0.display().to_string();
    check(&text.0, good().key, &[&format!("`{path}` is not a PEM certificate"), "-----BEGIN"]);
    check(Vec::new(), good().key, &["the PEM given as bytes is not a PEM certificate: it is empty"]);
    check(vec![0x30, 0x82, 1, 2], good().key, &["looks like DER", "openssl x509"]);
    check(good().certificate, vec![0x30, 0x81, 1, 2], &["looks like DER", "openssl pkey"]);
}

#[test]
fn a_damaged_section_is_reported() {
    check(good().certificate.replace("-----END", "-----EMD"), good().key, &["not a PEM certificate", "damaged"]);
    check(good().certificate.replacen("MII", "!!!", 1), good().key, &["not a PEM certificate", "damaged"]);
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    check(not_der, good().key, &["the certificate in the PEM given as bytes cannot be used"]);
}

#[test]
fn swapped_arguments_are_recognised() {
    let Minted { certificate, key } = good();
    check(key.as_str(), certificate.as_str(), &["holds no certificate", "are certificate and key swapped?"]);
    check(certificate.as_str(), certificate.as_str(), &["holds no private key", "are certificate and key swapped?"]);
}

#[test]
fn an_encrypted_key_is_refused_with_a_hint() {
    let pkcs8 = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    check(good().certificate, pkcs8, &["is encrypted", "openssl pkey -in"]);
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    check(good().certificate, older, &["is encrypted", "openssl pkey -in"]);
}

#[test]
fn a_key_that_cannot_be_used_is_reported() {
    let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    check(good().certificate, damaged, &["the private key in the PEM given as bytes cannot be used", "ECDSA"]);
    let Minted { certificate, key } = good();
    check(certificate, format!("{key}{}", good().key), &["more than one"]);
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let certificate = TemporaryFile::new("certificate", good().certificate);
    let key = TemporaryFile::new("key", good().key);
    let parts = [certificate.0.display().to_string(), key.0.display().to_string()];
    check(&certificate.0, &key.0, &["does not belong to", &parts[0], &parts[1]]);
}

#[test]
fn an_expired_certificate_is_refused_with_its_date() {
    let Minted { certificate, key } = self_signed(&testing::expired());
    let file = TemporaryFile::new("expired", certificate);
    let path = format!("`{}`", file.0.display());
    check(&file.0, key, &[&path, "expired on 2020-02-29 00:00:00 UTC", "renew it"]);
}

#[test]
fn a_certificate_of_the_future_is_refused_with_its_date() {
    let Minted { certificate, key } = self_signed(&testing::not_yet_valid());
    check(certificate, key, &["not valid before 3000-01-01 00:00:00 UTC", "clock"]);
}

#[test]
fn an_expired_issuer_in_the_chain_is_refused_too() {
    let Minted { certificate, key } = good();
    let chain = format!("{certificate}{}", self_signed(&testing::expired()).certificate);
    check(chain, key, &["(number 2 of the chain) expired on 2020-02-29"]);
}

#[test]
fn a_certificate_for_clients_only_serves_no_server() {
    let Minted { certificate, key } = self_signed(&testing::for_clients_only());
    let identity = Identity::from_pem(certificate, key).expect("fit for a client");
    let message = ServerConfig::builder().with_identity(identity).build().expect_err("not for servers").to_string();
    assert!(message.contains("serverAuth"), "{message}");
}

#[test]
fn a_certificate_that_names_nobody_serves_no_server() {
    let Minted { certificate, key } = self_signed(&rcgen::CertificateParams::default());
    let identity = Identity::from_pem(certificate, key).expect("fit for a client");
    let message = ServerConfig::builder().with_identity(identity).build().expect_err("for nobody").to_string();
    assert!(message.contains("subjectAltName"), "{message}");
}

#[test]
fn a_chain_is_kept_whole() {
    let authority = Authority::new("Example CA");
    let Minted { certificate, key } = authority.issue(&testing::localhost());
    let identity = Identity::from_pem(format!("{certificate}{}", authority.certificate()), key).expect("valid");
    assert!(format!("{identity:?}").contains("issued by `Example CA`"));
    assert_eq!(identity.certificate_pem().matches("BEGIN CERTIFICATE").count(), 2);
}

#[test]
fn a_self_signed_identity_needs_names_that_can_be_written() {
    let none: [&str; 0] = [];
    let message = Identity::self_signed(none).expect_err("no name").to_string();
    assert!(message.contains("no name was given"), "{message}");
    let message = Identity::self_signed(["bücher.example"]).expect_err("not ASCII").to_string();
    assert!(message.contains("cannot make a self-signed identity"), "{message}");
}
