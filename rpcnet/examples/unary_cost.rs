//! Makes a number of small calls over one connection and ends: what a profiler or an instruction counter is pointed at.
//!
//! The costs of starting cancel out between two runs of different length:
//!
//! ```sh
//! cargo build --release -p rpcnet --example unary_cost
//! valgrind --tool=callgrind target/release/examples/unary_cost 10000 64 64
//! valgrind --tool=callgrind target/release/examples/unary_cost 30000 64 64
//! ```
//!
//! The arguments are calls, calls in flight and payload bytes.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use rpcnet::{ClientConfig, Server, ServerConfig};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// What is sent and comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    id: u64,
    payload: Bytes,
}

/// A service that answers what it is sent.
#[rpcnet::service]
pub trait Echo {
    /// Answers what it is sent.
    async fn echo(&self, message: Message) -> Result<Message, String>;
}

struct MyEcho;

impl Echo for MyEcho {
    async fn echo(&self, message: Message) -> Result<Message, String> {
        Ok(message)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let (calls, in_flight, payload_bytes) = (number(10_000)?, number(64)?, number(64)?);

    let server = Server::builder(ServerConfig::development().build()?).service(EchoServer::new(MyEcho)).start().await?;
    let client = EchoClient::connect(server.local_addr(), ClientConfig::development().build()?).await?;
    let message = Message { id: 0, payload: Bytes::from(vec![7; usize::try_from(payload_bytes)?]) };
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..in_flight {
        let (client, message, next) = (client.clone(), message.clone(), Arc::clone(&next));
        callers.spawn(async move {
            loop {
                let id = next.fetch_add(1, Ordering::Relaxed);
                if id >= calls {
                    return;
                }
                let answer = client.echo(Message { id, ..message.clone() }).await;
                assert_eq!(answer.map(|answer| answer.id).ok(), Some(id));
            }
        });
    }
    callers.join_all().await;
    Ok(())
}
