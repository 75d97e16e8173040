//! The hold child: opens connections, calls once on each, lets them rest, weighs the server.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::{HANDSHAKES_IN_FLIGHT, HoldReport, check, connect_many, setup};
use crate::cli::HoldArgs;
use crate::message::Message;
use crate::probe;
use crate::systems::{Caller, System};

/// Weighs the server before and after.
pub(super) async fn run<S: System>(args: &HoldArgs) -> Result<HoldReport> {
    let setup = setup(&args.common);
    // The first connection pays for what is set up once.
    let first = connect_many::<S>(&args.server, &setup, 1).await?;
    call_each(&first).await?;
    tokio::time::sleep(REST).await;
    let before = Weights::now(args.server.server_pid)?;

    let clients = connect_many::<S>(&args.server, &setup, args.connections).await?;
    call_each(&clients).await?;
    tokio::time::sleep(REST).await;
    // Another call proves that each is still open.
    call_each(&clients).await?;
    let after = Weights::now(args.server.server_pid)?;
    Ok(HoldReport {
        server_bytes: after.server - before.server,
        client_bytes: after.client - before.client,
        connections: clients.len(),
    })
}

/// Memory of both processes at one moment, in bytes.
struct Weights {
    server: f64,
    client: f64,
}

impl Weights {
    fn now(server_pid: u32) -> Result<Self> {
        Ok(Self { server: probe::memory_of(server_pid)? as f64, client: probe::memory_of(std::process::id())? as f64 })
    }
}

async fn call_each<C: Caller>(clients: &[C]) -> Result<()> {
    stream::iter(clients.iter().cloned().enumerate())
        .map(|(id, mut client)| async move {
            let id = id as u64;
            let payload = Bytes::from_static(&[7; 64]);
            let reply = client.echo(Message { id, payload }).await?;
            check((id, 64), (reply.id, reply.payload.len()))
        })
        .buffer_unordered(HANDSHAKES_IN_FLIGHT)
        .try_collect()
        .await
}

// Long enough for acknowledgements and timers after a call, shorter than any idle timeout.
const REST: Duration = Duration::from_secs(1);
