//! rpcnet: what its own users write, the macro's typed client and typed handler.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use rpcnet::{ClientConfig, Server, ServerConfig};
use serde::{Deserialize, Serialize};

use super::{Caller, LOOPBACK, Setup, System};
use crate::certificates::SERVER_NAME;
use crate::message::{Message, compute};

/// The service, in rpcnet's own words.
#[rpcnet::service]
pub(crate) trait Echo {
    /// Answers with the message it got.
    async fn echo(&self, message: Message) -> Result<Message, EchoError>;
    /// Computes for that much processor time.
    async fn compute(&self, micros: u64) -> Result<u64, EchoError>;
}

/// The handler has no way to fail; a user's would.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum EchoError {}

/// This project.
pub(crate) struct Rpcnet;

impl System for Rpcnet {
    type Client = EchoClient;

    fn server_threads() -> Option<usize> {
        Some(rpcnet::runtime::server_worker_threads())
    }

    async fn serve(setup: &Setup) -> Result<SocketAddr> {
        let files = &setup.certificates;
        let mut config = ServerConfig::builder()
            .with_bind_addr(LOOPBACK)
            .with_cert_and_key(files.certificate.as_path(), files.key.as_path());
        if let Some(mtu) = setup.mtu {
            config = config.with_max_mtu(mtu);
        }
        let server = Server::builder(config.build()?).service(EchoServer::new(Handler)).start().await?;
        let address = server.local_addr();
        // The process serves until it is ended.
        std::mem::forget(server);
        Ok(address)
    }

    async fn connect(server: SocketAddr, setup: &Setup) -> Result<EchoClient> {
        let mut config =
            ClientConfig::builder().with_ca_cert(setup.certificates.authority.as_path()).with_server_name(SERVER_NAME);
        if let Some(mtu) = setup.mtu {
            config = config.with_max_mtu(mtu);
        }
        EchoClient::connect(server, config.build()?).await.context("connecting with rpcnet")
    }
}

impl Caller for EchoClient {
    async fn echo(&mut self, message: Message) -> Result<Message> {
        Ok(Self::echo(self, message).await?)
    }

    async fn compute(&mut self, micros: u64) -> Result<()> {
        let answer = Self::compute(self, micros).await?;
        ensure!(answer == micros, "answer to another call");
        Ok(())
    }
}

struct Handler;

impl Echo for Handler {
    async fn echo(&self, message: Message) -> Result<Message, EchoError> {
        Ok(message)
    }

    async fn compute(&self, micros: u64) -> Result<u64, EchoError> {
        compute(micros);
        Ok(micros)
    }
}
