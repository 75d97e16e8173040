//! QUIC over the network that turmoil simulates.
//!
//! s2n-quic has a provider for it, too (`unstable-provider-io-turmoil`, s2n-quic-platform 0.91). That one turns in circles
//! when its ring is full after each 1,024 packets received, until the next packet comes, which none does while a task keeps
//! virtual time from going on.

mod io;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use s2n_quic::provider::io as quic_io;
use s2n_quic_core::{endpoint::Endpoint, inet::SocketAddress, path::Tuple};
use tokio::task::{AbortHandle, unconstrained};
use turmoil::net::UdpSocket;

use super::{event_loop::EventLoop, udp::mtu_config};

/// A socket of the host that the current task runs on.
pub(crate) struct SimulatedSocket {
    socket: UdpSocket,
    task: EndpointTask,
}

/// The task of an endpoint, once that has started.
#[derive(Clone, Default)]
pub(crate) struct EndpointTask(Arc<OnceLock<AbortHandle>>);

impl SimulatedSocket {
    /// Binds a port of the host.
    pub(crate) async fn bind(addr: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { socket: UdpSocket::bind(addr).await?, task: EndpointTask::default() })
    }

    pub(crate) fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// What ends the endpoint that will be opened on this socket.
    pub(crate) fn endpoint_task(&self) -> EndpointTask {
        self.task.clone()
    }

    pub(super) fn into_provider(self, max_mtu: u16) -> Provider {
        Provider { socket: self, max_mtu }
    }
}

impl EndpointTask {
    /// Ends the endpoint as the end of an IO thread's runtime does: at once, and with its socket.
    pub(crate) async fn end(&self, addr: SocketAddr) {
        if let Some(task) = self.0.get() {
            task.abort();
        }
        // It lets go of the socket when it is its turn.
        while UdpSocket::bind(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

/// Runs an endpoint as a task of the current runtime.
pub(super) struct Provider {
    socket: SimulatedSocket,
    max_mtu: u16,
}

impl quic_io::Provider for Provider {
    type PathHandle = Tuple;
    type Error = std::io::Error;

    fn start<E: Endpoint<PathHandle = Tuple>>(self, mut endpoint: E) -> std::io::Result<SocketAddress> {
        endpoint.set_mtu_config(mtu_config(self.max_mtu)?);
        let SimulatedSocket { socket, task } = self.socket;
        let local_addr = SocketAddress::from(socket.local_addr()?);
        let socket = Arc::new(socket);
        let event_loop = EventLoop::new(
            endpoint,
            io::Receiver::new(Arc::clone(&socket), local_addr),
            io::Sender::new(socket, self.max_mtu),
        );
        let running = tokio::spawn(unconstrained(event_loop));
        // A socket is opened once.
        let _ = task.0.set(running.abort_handle());
        Ok(local_addr)
    }
}
