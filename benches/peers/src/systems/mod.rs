//! The systems under comparison: each file sets one up as its experts would.

mod lane;
mod quic;
mod rpcnet;
mod tarpc;
mod tls;
mod tonic;
mod udp;

use std::future::Future;
use std::net::SocketAddr;

use anyhow::{Result, anyhow, bail};
use clap::ValueEnum;
use futures::Stream;
use futures::stream::Empty;
use serde::{Deserialize, Serialize};

use crate::certificates::CertificatePaths;
use crate::cli::Work;
use crate::message::Message;

pub(crate) use self::quic::Quic;
pub(crate) use self::rpcnet::Rpcnet;
pub(crate) use self::tarpc::Tarpc;
pub(crate) use self::tonic::Tonic;
pub(crate) use self::udp::Udp;

/// What the harness needs of a system: a server that echoes, a client that calls it.
pub(crate) trait System: 'static {
    /// One connection; clones share it.
    type Client: Caller;

    /// Worker threads for a server on several; `None` leaves it to tokio, which reads
    /// `TOKIO_WORKER_THREADS`.
    fn server_threads() -> Option<usize> {
        None
    }

    /// Starts a server on a free loopback port and says which; it runs until the process ends.
    fn serve(setup: &Setup) -> impl Future<Output = Result<SocketAddr>>;

    /// Opens one connection.
    fn connect(server: SocketAddr, setup: &Setup) -> impl Future<Output = Result<Self::Client>> + Send;
}

/// The calls, as each system's own client makes them.
pub(crate) trait Caller: Clone + Send + Sync + 'static {
    /// Sends a message and gets it back.
    fn echo(&mut self, message: Message) -> impl Future<Output = Result<Message>> + Send;

    /// Has the handler compute for that much processor time.
    fn compute(&mut self, micros: u64) -> impl Future<Output = Result<()>> + Send;

    /// Sends a message and gets the length of its payload.
    fn upload(&mut self, _: Message) -> impl Future<Output = Result<u64>> + Send {
        async { bail!("measured without uploads") }
    }

    /// Gets a message with that much payload.
    fn download(&mut self, _bytes: u64) -> impl Future<Output = Result<Message>> + Send {
        async { bail!("measured without downloads") }
    }

    /// Gets messages with that much payload, without end, as the answer to one call.
    fn items(
        &mut self,
        _bytes: u64,
    ) -> impl Future<Output = Result<impl Stream<Item = Result<Message>> + Send>> + Send {
        async { Err::<Empty<Result<Message>>, _>(anyhow!("measured without streams")) }
    }
}

/// What both sides are told about a measurement before it starts.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// PEM files of this run.
    pub(crate) certificates: CertificatePaths,
    /// Path MTU in bytes where the system can choose one; `None` leaves its default.
    pub(crate) mtu: Option<u16>,
    /// What the handlers will be asked for, where a system is to be told so.
    pub(crate) work: Work,
    /// The largest payload, where it is larger than what every system takes by default or is set to.
    pub(crate) payload_bytes_max: Option<u64>,
}

/// Which system a child process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SystemName {
    /// This project, over QUIC.
    Rpcnet,
    /// tonic: gRPC over HTTP/2 over TLS.
    Tonic,
    /// tarpc: bincode over TLS over TCP.
    Tarpc,
    /// No framework at all: datagrams back and forth, in the clear. The floor for latency.
    Udp,
    /// No framework either: bytes on streams of the QUIC library that rpcnet stands on. Its ceiling for throughput.
    Quic,
}

impl SystemName {
    /// The name in tables and files.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rpcnet => "rpcnet",
            Self::Tonic => "tonic",
            Self::Tarpc => "tarpc",
            Self::Udp => "udp",
            Self::Quic => "quic",
        }
    }

    /// Whether it is one, rather than what frameworks stand on.
    pub(crate) fn is_framework(self) -> bool {
        !matches!(self, Self::Udp | Self::Quic)
    }

    /// The frameworks; the first is what the others are compared with.
    pub(crate) fn frameworks() -> Vec<Self> {
        vec![Self::Rpcnet, Self::Tonic, Self::Tarpc]
    }
}

impl std::fmt::Display for SystemName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Runs `$body` with `$S` standing for the named system's type.
macro_rules! with_system {
    ($name:expr, $S:ident => $body:expr) => {
        match $name {
            $crate::systems::SystemName::Rpcnet => {
                type $S = $crate::systems::Rpcnet;
                $body
            }
            $crate::systems::SystemName::Tonic => {
                type $S = $crate::systems::Tonic;
                $body
            }
            $crate::systems::SystemName::Tarpc => {
                type $S = $crate::systems::Tarpc;
                $body
            }
            $crate::systems::SystemName::Udp => {
                type $S = $crate::systems::Udp;
                $body
            }
            $crate::systems::SystemName::Quic => {
                type $S = $crate::systems::Quic;
                $body
            }
        }
    };
}
pub(crate) use with_system;

/// Any free port; nothing here ever leaves the machine.
const LOOPBACK: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0));
