//! Certificates over real connections: those that fit, and what is said of those that do not.

mod common;

use std::time::Duration;

use common::{ProbeClient, probe};
use rpcnet::{ClientConfig, ClientConfigBuilder, ErrorKind, Executed, Identity, RpcError, Server, ServerConfig};

const CERTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../certs");

fn file(name: &str) -> String {
    format!("{CERTS}/{name}")
}

async fn server() -> Server {
    let config = ServerConfig::builder().with_cert_and_key(file("server.pem"), file("server-key.pem"));
    let config = config.build().expect("the development pair fits");
    Server::builder(config).service(probe().0).start().await.expect("a free port")
}

async fn connect(target: impl Into<rpcnet::Target>, config: ClientConfigBuilder) -> Result<ProbeClient, RpcError> {
    let config = config.with_connect_timeout(common::IN_VAIN).build().expect("a valid configuration");
    ProbeClient::connect(target, config).await
}

#[tokio::test]
async fn the_development_pair_is_trusted_by_name_and_by_address() {
    let server = server().await;
    let port = server.local_addr().port();
    for host in ["localhost", "127.0.0.1"] {
        let trusting = ClientConfig::builder().with_ca_cert(file("ca.pem"));
        let client = connect((host, port), trusting).await.expect(host);
        client.echo("hello".into()).await.expect("an answer");
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused_with_the_reason() {
    let server = server().await;
    let stranger = Identity::self_signed(["localhost"]).expect("a name");
    let error = connect(server.local_addr(), ClientConfig::trusting(&stranger)).await.expect_err("not trusted");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Tls, Executed::No), "{error}");
    assert!(error.to_string().contains("with_ca_cert"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_with_both_names() {
    let server = server().await;
    let elsewhere = ClientConfig::builder().with_ca_cert(file("ca.pem")).with_server_name("example.org");
    let error = connect(server.local_addr(), elsewhere).await.expect_err("another name");
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Tls, "{text}");
    assert!(text.contains("example.org") && text.contains("localhost"), "{text}");
}

#[tokio::test]
async fn a_host_name_that_is_no_server_name_is_an_error_and_not_a_panic() {
    let trusting = || ClientConfig::builder().with_ca_cert(file("ca.pem"));
    assert!(trusting().with_server_name("no name").build().is_err());
    let bad = rpcnet::Target::named(server().await.local_addr(), "bad_host..name");
    let error = connect(bad, trusting()).await.expect_err("no such name");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Configuration, Executed::No), "{error}");
    assert!(error.to_string().contains("bad_host..name"), "{error}");
}

#[tokio::test]
async fn a_development_client_stays_on_this_machine() {
    // An address for documentation (RFC 5737): nothing is sent to it.
    let error = connect("192.0.2.1:7443", ClientConfig::development()).await.expect_err("not loopback");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Configuration, Executed::No));
}

#[tokio::test]
async fn a_server_of_another_protocol_is_an_error_that_says_what_to_look_at() {
    // It says nothing at all, so this is by time.
    let hasty = || ClientConfig::development().with_connect_timeout(Duration::from_secs(6)).build().expect("valid");
    let tls = s2n_quic::provider::tls::rustls::Server::builder()
        .with_certificate(std::path::Path::new(&file("server.pem")), std::path::Path::new(&file("server-key.pem")))
        .expect("the development pair")
        .with_application_protocols(["h3"].into_iter())
        .expect("a protocol")
        .build()
        .expect("a TLS configuration");
    let other = s2n_quic::Server::builder().with_tls(tls).expect("TLS").with_io("127.0.0.1:0").expect("a socket");
    let other = other.start().expect("an endpoint");
    let addr = other.local_addr().expect("bound");
    let error = ProbeClient::connect(addr, hasty()).await.expect_err("another protocol");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::No));
    let text = error.to_string();
    assert!(text.contains(&addr.to_string()) && text.contains("an rpcnet"), "{text}");
    ProbeClient::connect(server().await.local_addr(), hasty()).await.expect("time enough for one of ours");
}
