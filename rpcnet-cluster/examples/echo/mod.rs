//! The server of the examples that measure calls.

use std::error::Error;

use bytes::Bytes;
use rpcnet::{Server, ServerConfig};

/// A service that answers what it is sent.
#[rpcnet::service]
pub(crate) trait Echo {
    /// Answers what it is sent.
    #[rpc(idempotent)]
    async fn echo(&self, bytes: Bytes) -> Result<Bytes, ()>;
}

struct MyEcho;

impl Echo for MyEcho {
    async fn echo(&self, bytes: Bytes) -> Result<Bytes, ()> {
        Ok(bytes)
    }
}

/// Serves it on this machine.
pub(crate) async fn serve() -> Result<Server, Box<dyn Error>> {
    let server = Server::builder(ServerConfig::development().build()?).service(EchoServer::new(MyEcho));
    Ok(server.start().await?)
}
