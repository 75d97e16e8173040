//! rpcnet: what its own users write, the macro's typed client and typed handler.

use std::net::SocketAddr;

use anyhow::{Context, Error, Result, ensure};
use rpcnet::prelude::*;
use rpcnet::stream;
use serde::{Deserialize, Serialize};

use super::{Caller, LOOPBACK, Setup, System};
use crate::certificates::SERVER_NAME;
use crate::message::{Items, Message, compute, payload};

/// The service, in rpcnet's own words.
#[rpcnet::service]
pub(crate) trait Echo {
    /// Answers with the message it got.
    async fn echo(&self, message: Message) -> Result<Message, EchoError>;
    /// Computes for that much processor time.
    async fn compute(&self, micros: u64) -> Result<u64, EchoError>;
    /// Answers with the length of the message's payload.
    async fn upload(&self, message: Message) -> Result<u64, EchoError>;
    /// Answers with a message that long.
    async fn download(&self, bytes: u64) -> Result<Message, EchoError>;
    /// Streams messages that long, without end.
    async fn items(&self, bytes: u64) -> Result<impl Stream<Item = Result<Message, EchoError>>, EchoError>;
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
        if let Some(bytes) = setup.payload_bytes_max {
            config = config.with_message_bytes_max(message_bytes_max(bytes)?);
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
        if let Some(bytes) = setup.payload_bytes_max {
            config = config.with_message_bytes_max(message_bytes_max(bytes)?);
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

    async fn upload(&mut self, message: Message) -> Result<u64> {
        Ok(Self::upload(self, message).await?)
    }

    async fn download(&mut self, bytes: u64) -> Result<Message> {
        Ok(Self::download(self, bytes).await?)
    }

    async fn items(&mut self, bytes: u64) -> Result<impl Stream<Item = Result<Message>> + Send> {
        Ok(Self::items(self, bytes).await?.map(|item| item.map_err(Error::new)))
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

    async fn upload(&self, message: Message) -> Result<u64, EchoError> {
        Ok(message.payload.len() as u64)
    }

    async fn download(&self, bytes: u64) -> Result<Message, EchoError> {
        Ok(Message { id: 0, payload: payload(bytes) })
    }

    async fn items(&self, bytes: u64) -> Result<impl Stream<Item = Result<Message, EchoError>>, EchoError> {
        Ok(stream::iter(Items::of(bytes).map(Ok)))
    }
}

/// Room for the payload, its id, and the names of both.
fn message_bytes_max(payload_bytes: u64) -> Result<usize> {
    Ok(usize::try_from(payload_bytes)? + 1_024)
}
