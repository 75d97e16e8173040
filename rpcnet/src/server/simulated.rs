//! A server in a simulated network: its endpoint is a task of its host's runtime, so that a crash of the host takes it along.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::Semaphore;

use super::{
    endpoint::{CloseOnDrop, accept, not_bound, open},
    shared::ServerShared,
};
use crate::{
    RpcError,
    transport::quic::{SimulatedSocket, Socket},
};

/// Starts the one endpoint and returns its address.
pub(super) async fn start(shared: &Arc<ServerShared>, running: &Arc<Semaphore>) -> Result<SocketAddr, RpcError> {
    // Closes it when the endpoint ends, or when it never begins.
    let running = CloseOnDrop(Arc::clone(running));
    let bind_addr = shared.config.settings().bind_addr;
    let socket = SimulatedSocket::bind(bind_addr).await.map_err(|error| not_bound(bind_addr, error))?;
    let addr = socket.local_addr().map_err(|error| not_bound(bind_addr, error))?;
    let task = socket.endpoint_task();
    let (endpoint, admission) = open(Socket::Simulated(socket), shared)?;
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        accept(endpoint, admission, shared).await;
        task.end(addr).await;
        drop(running);
    });
    Ok(addr)
}
