//! Real handshakes on loopback, and what the client's log says afterwards.

use std::net::SocketAddr;
use std::time::Duration;

use s2n_quic::provider::limits::Limits;
use s2n_quic::provider::tls::rustls::{Client as TlsClient, Server as TlsServer};
use s2n_quic::{Client, Server, client::Connect};

use super::*;
use crate::config::testing::{self, Authority, Minted, self_signed};
use crate::{ClientConfigBuilder, Identity};

/// Serves handshakes for as long as the runtime lives.
fn serve(tls: Arc<rustls::ServerConfig>) -> SocketAddr {
    let mut server = Server::builder()
        .with_tls(TlsServer::from(tls))
        .expect("tls")
        .with_io("127.0.0.1:0")
        .expect("io")
        .start()
        .expect("started");
    let addr = server.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Some(connection) = server.accept().await {
            connections.push(connection);
        }
    });
    addr
}

/// `Ok` if the handshake succeeds, else what the log says.
async fn shake(server: Arc<rustls::ServerConfig>, client: ClientConfigBuilder, name: &str) -> Result<(), String> {
    let (tls, log) = client_tls(&client.build().expect("a valid client")).expect("tls");
    shake_with(server, tls, name, LONG).await.map_err(|_| log.take(name).unwrap_or_default())
}

async fn shake_with(
    server: Arc<rustls::ServerConfig>,
    client: Arc<rustls::ClientConfig>,
    name: &str,
    patience: Duration,
) -> Result<(), s2n_quic::connection::Error> {
    let limits = Limits::new().with_max_handshake_duration(patience).expect("a duration");
    let client = Client::builder()
        .with_tls(TlsClient::from(client))
        .expect("tls")
        .with_io("127.0.0.1:0")
        .expect("io")
        .with_limits(limits)
        .expect("limits")
        .start()
        .expect("started");
    client.connect(Connect::new(serve(server)).with_server_name(name)).await.map(drop)
}

/// A server of any identity that [`Identity`] accepts.
fn server(minted: &Minted) -> Arc<rustls::ServerConfig> {
    let config = ServerConfig::builder().with_cert_and_key(minted.certificate.as_str(), minted.key.as_str());
    server_tls(&config.build().expect("a valid server")).expect("tls")
}

/// A server with a certificate that [`Identity`] would refuse.
fn unchecked_server(minted: &Minted) -> Arc<rustls::ServerConfig> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let chain = CertificateDer::pem_slice_iter(minted.certificate.as_bytes()).collect::<Result<_, _>>().expect("pem");
    let key = PrivateKeyDer::from_pem_slice(minted.key.as_bytes()).expect("pem");
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a pair");
    tls.alpn_protocols = vec![ALPN.to_vec()];
    Arc::new(tls)
}

fn trusting(pem: impl Into<crate::Pem>) -> ClientConfigBuilder {
    ClientConfig::builder().with_ca_cert(pem)
}

fn check(outcome: Result<(), String>, parts: &[&str]) {
    let reason = outcome.expect_err("the handshake succeeded");
    for part in parts {
        assert!(reason.contains(part), "no {part:?} in: {reason}");
    }
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_accepted_by_name_and_address() {
    let authority = Authority::new("Example CA");
    let minted = authority.issue(&testing::localhost());
    for name in ["localhost", "127.0.0.1"] {
        assert_eq!(shake(server(&minted), trusting(authority.certificate()), name).await, Ok(()));
    }
}

#[tokio::test]
async fn every_certificate_of_a_bundle_is_trusted() {
    let (old, new) = (Authority::new("Old CA"), Authority::new("New CA"));
    let bundle = format!("{}{}", old.certificate(), new.certificate());
    for authority in [&old, &new] {
        let minted = authority.issue(&testing::localhost());
        assert_eq!(shake(server(&minted), trusting(bundle.as_str()), "localhost").await, Ok(()));
        let client = trusting(old.certificate()).with_ca_cert(new.certificate());
        assert_eq!(shake(server(&minted), client, "localhost").await, Ok(()));
    }
}

#[tokio::test]
async fn a_certificate_that_is_itself_trusted_is_accepted_whoever_issued_it() {
    let authority = Authority::new("Example CA");
    for minted in [
        authority.issue(&testing::localhost()),
        self_signed(&testing::localhost()),
        self_signed(&testing::marked_as_authority()),
    ] {
        let client = || trusting(minted.certificate.as_str());
        assert_eq!(shake(server(&minted), client(), "localhost").await, Ok(()));
        check(shake(server(&minted), client(), "example.com").await, &["is not for `example.com`"]);
    }
}

#[tokio::test]
async fn a_self_signed_identity_is_accepted_by_those_who_trust_it() {
    let identity = Identity::self_signed(["localhost"]).expect("made");
    let config = ServerConfig::builder().with_identity(identity.clone()).build().expect("valid");
    let tls = server_tls(&config).expect("tls");
    assert_eq!(shake(tls, ClientConfig::trusting(&identity), "localhost").await, Ok(()));
}

#[tokio::test]
async fn development_needs_no_certificate_at_hand() {
    let tls = server_tls(&ServerConfig::development().build().expect("valid")).expect("tls");
    assert_eq!(shake(tls, ClientConfig::development(), "any.name").await, Ok(()));
}

#[tokio::test]
async fn an_unknown_issuer_is_named() {
    let minted = Authority::new("Their CA").issue(&testing::localhost());
    let outcome = shake(server(&minted), trusting(Authority::new("Our CA").certificate()), "localhost").await;
    check(outcome, &["for `localhost`, `127.0.0.1`", "issued by `Their CA`", "by nobody whom", "with_ca_cert"]);
}

#[tokio::test]
async fn an_authority_that_was_made_anew_is_told_from_an_unknown_one() {
    let minted = Authority::new("Same CA").issue(&testing::localhost());
    let outcome = shake(server(&minted), trusting(Authority::new("Same CA").certificate()), "localhost").await;
    check(outcome, &["issued by `Same CA`", "another key", "made anew"]);
}

#[tokio::test]
async fn an_expired_server_certificate_is_refused_with_its_date() {
    let authority = Authority::new("Example CA");
    let minted = authority.issue(&testing::expired());
    let outcome = shake(unchecked_server(&minted), trusting(authority.certificate()), "localhost").await;
    check(outcome, &["expired on 2020-02-29 00:00:00 UTC", "renew it"]);
    let outcome = shake(unchecked_server(&minted), trusting(minted.certificate.as_str()), "localhost").await;
    check(outcome, &["expired on 2020-02-29 00:00:00 UTC", "renew it"]);
}

#[tokio::test]
async fn a_server_certificate_of_the_future_is_refused_with_its_date() {
    let authority = Authority::new("Example CA");
    let minted = authority.issue(&testing::not_yet_valid());
    let outcome = shake(unchecked_server(&minted), trusting(authority.certificate()), "localhost").await;
    check(outcome, &["not valid before 3000-01-01 00:00:00 UTC", "clock"]);
}

#[tokio::test]
async fn a_wrong_name_is_refused_with_the_names_that_are_right() {
    let authority = Authority::new("Example CA");
    let minted = authority.issue(&testing::localhost());
    for name in ["example.com", "127.0.0.2", "::1"] {
        let outcome = shake(server(&minted), trusting(authority.certificate()), name).await;
        check(outcome, &["for `localhost`, `127.0.0.1`", &format!("not for `{name}`"), "with_server_name"]);
    }
}

#[tokio::test]
async fn a_certificate_for_clients_is_refused_from_a_server() {
    let authority = Authority::new("Example CA");
    let minted = authority.issue(&testing::for_clients_only());
    let outcome = shake(unchecked_server(&minted), trusting(authority.certificate()), "localhost").await;
    check(outcome, &["not meant for servers"]);
}

#[tokio::test]
async fn an_authority_as_a_server_is_refused_with_advice() {
    let authority = Authority::new("Example CA");
    let minted = authority.issue(&testing::marked_as_authority());
    let outcome = shake(server(&minted), trusting(authority.certificate()), "localhost").await;
    check(outcome, &["marked as an authority", "CA:FALSE"]);
}

#[tokio::test]
async fn a_server_of_another_protocol_is_refused() {
    let minted = self_signed(&testing::localhost());
    let mut other = rustls::ServerConfig::clone(&server(&minted));
    other.alpn_protocols = vec![b"h3".to_vec()];
    let (tls, log) = client_tls(&trusting(minted.certificate.as_str()).build().expect("valid")).expect("tls");
    assert!(shake_with(Arc::new(other), tls, "localhost", SHORT).await.is_err());
    assert_eq!(log.take("localhost"), None);
}

#[tokio::test]
async fn cipher_suites_are_those_that_were_chosen() {
    let minted = self_signed(&testing::localhost());
    let server = |suite| {
        let config = ServerConfig::builder()
            .with_cert_and_key(minted.certificate.as_str(), minted.key.as_str())
            .with_cipher_suites([suite]);
        server_tls(&config.build().expect("valid")).expect("tls")
    };
    let client = || {
        let client = trusting(minted.certificate.as_str()).with_cipher_suites([CipherSuite::ChaCha20Poly1305]);
        client_tls(&client.build().expect("valid")).expect("tls").0
    };
    shake_with(server(CipherSuite::ChaCha20Poly1305), client(), "localhost", LONG).await.expect("a suite in common");
    assert!(shake_with(server(CipherSuite::Aes256Gcm), client(), "localhost", SHORT).await.is_err());
}

const LONG: Duration = Duration::from_secs(60);

/// For a server that refuses the client's first packet: s2n-quic then says nothing, and the client waits in vain.
const SHORT: Duration = Duration::from_secs(2);
