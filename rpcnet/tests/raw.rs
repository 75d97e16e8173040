//! Raw calls: bytes in, bytes out, over a real socket.

use bytes::Bytes;
use rpcnet::{Client, ClientConfig, ErrorKind, Executed, RpcError, Server, ServerConfig};

async fn echo_server() -> (Server, Client) {
    let server = Server::builder(ServerConfig::development().build().expect("a valid configuration"))
        .register("echo", |bytes| async move { Ok(bytes) })
        .register("fail", |_| async move { Err::<Bytes, _>(RpcError::application("no")) })
        .register("big", |_| async move { Ok(vec![7_u8; 1 << 20]) })
        .start()
        .await
        .expect("a free port");
    let config = ClientConfig::development().build().expect("a valid configuration");
    let client = Client::connect(server.local_addr(), config).await.expect("the server is there");
    (server, client)
}

#[tokio::test]
async fn bytes_come_back() {
    let (_server, client) = echo_server().await;
    assert_eq!(client.call("echo", "hello").await.expect("an answer"), "hello");
    assert_eq!(client.call("echo", "").await.expect("an empty message is a message"), "");
}

#[tokio::test]
async fn large_messages_go_both_ways() {
    let (_server, client) = echo_server().await;
    for length in [65_535, 65_536, 65_537, 1 << 20, 4 << 20] {
        let message = vec![5_u8; length];
        assert_eq!(client.call("echo", message.clone()).await.expect("an answer"), message, "{length}");
    }
    assert_eq!(client.call("big", "").await.expect("an answer").len(), 1 << 20);
}

#[tokio::test]
async fn a_raw_handlers_error_reaches_the_caller() {
    let (_server, client) = echo_server().await;
    let error = client.call("fail", "x").await.expect_err("it always fails");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Application, Executed::Yes));
    assert_eq!(error.body(), "no");
}

#[tokio::test]
async fn an_unknown_method_is_refused_and_never_ran() {
    let (_server, client) = echo_server().await;
    let error = client.call("wave", "x").await.expect_err("nobody registered it");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::UnknownMethod, Executed::No));
    assert!(error.to_string().starts_with("wave: "), "{error}");
}
