//! Makes a number of small calls over a connection or over a cluster of one worker, and ends: what a profiler or an
//! instruction counter is pointed at.
//!
//! The costs of starting cancel out between two runs of different length:
//!
//! ```sh
//! cargo build --release -p rpcnet-cluster --example call_cost
//! for over in direct cluster hedged; do
//!     valgrind --tool=callgrind target/release/examples/call_cost $over 10000
//!     valgrind --tool=callgrind target/release/examples/call_cost $over 30000
//! done
//! ```
//!
//! The arguments are what to call over, calls, calls in flight and payload bytes.

mod echo;

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use echo::EchoClient;
use rpcnet::{Channel, Client, ClientConfig};
use rpcnet_cluster::{ClusterClient, StaticWorkers};
use tokio::task::JoinSet;

/// What to make, and how.
struct Load {
    calls: u64,
    in_flight: u64,
    payload: Bytes,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let over = arguments.next().unwrap_or_else(|| "cluster".to_owned());
    let mut number = |otherwise: u64| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let (calls, in_flight, payload_bytes) = (number(10_000)?, number(64)?, number(64)?);
    let load = Load { calls, in_flight, payload: vec![7; usize::try_from(payload_bytes)?].into() };

    let server = echo::serve().await?;
    let config = ClientConfig::development().build()?;
    if over == "direct" {
        load.make(EchoClient::new(Client::connect(server.local_addr(), config).await?)).await;
    } else {
        let source: StaticWorkers = [server.local_addr()].into_iter().collect();
        let cluster = ClusterClient::builder(source, config).with_hedging(over == "hedged").start();
        let channel = cluster.channel("");
        channel.ready().await?;
        load.make(EchoClient::new(channel)).await;
    }
    Ok(())
}

impl Load {
    async fn make<C: Channel>(&self, client: EchoClient<C>) {
        let made = Arc::new(AtomicU64::new(0));
        let mut callers = JoinSet::new();
        for _ in 0..self.in_flight {
            let (client, payload, made, calls) = (client.clone(), self.payload.clone(), Arc::clone(&made), self.calls);
            callers.spawn(async move {
                while made.fetch_add(1, Ordering::Relaxed) < calls {
                    let answer = client.echo(payload.clone()).await;
                    assert_eq!(answer.ok().as_ref(), Some(&payload));
                }
            });
        }
        callers.join_all().await;
    }
}
