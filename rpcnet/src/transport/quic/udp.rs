//! QUIC over a UDP socket of the system.
//!
//! s2n-quic has a provider for it, too (`io::tokio`, s2n-quic-platform 0.91): three tasks for each endpoint, one that
//! receives, one that sends, and between them the endpoint, with a ring of buffers on either side. Here the endpoint's
//! task reads and writes the socket itself. For a small call that is three system calls on each side instead of five and no
//! task woken by another; for an idle connection, no buffer at all.

mod batch;
mod error_queue;
mod outlet;
mod receiver;
mod refusals;
mod sender;
mod socket;
#[cfg(test)]
mod tests;
mod turn;

use std::{io, net::UdpSocket, sync::Arc};

use s2n_quic::provider::{io as quic_io, mtu};
use s2n_quic_core::{endpoint::Endpoint, inet::SocketAddress, path::Tuple};
use tokio::task::unconstrained;

use super::event_loop::EventLoop;
use outlet::SocketOutlet;
use receiver::Receiver;
use sender::Sender;
use socket::Socket;

pub(crate) use refusals::Refusals;

/// Runs an endpoint as one task of the current runtime.
pub(super) struct Provider {
    socket: Arc<Socket>,
    /// In bytes, with the headers of IP and UDP.
    max_mtu: u16,
}

impl Provider {
    /// Of the current runtime.
    pub(super) fn new(socket: UdpSocket, max_mtu: u16) -> io::Result<Self> {
        Ok(Self { socket: Arc::new(Socket::new(socket)?), max_mtu })
    }

    /// What the peer's host will have to say. Only for a client, which has one peer.
    pub(super) fn refusals(&self) -> Refusals {
        Refusals::of(&self.socket)
    }
}

impl quic_io::Provider for Provider {
    type PathHandle = Tuple;
    type Error = io::Error;

    fn start<E: Endpoint<PathHandle = Tuple>>(self, mut endpoint: E) -> io::Result<SocketAddress> {
        let Self { socket, max_mtu } = self;
        let local_addr = socket.local_addr();
        // RFC 9000, section 14: a path's limit is only found out by packets that are not fragmented on their way.
        let max_mtu = if socket.may_fragment() { MTU_MIN } else { max_mtu };
        endpoint.set_mtu_config(mtu_config(max_mtu)?);
        let receiver = Receiver::new(Arc::clone(&socket));
        let event_loop = EventLoop::new(endpoint, receiver, Sender::new(SocketOutlet::new(socket), max_mtu));
        // It takes turns of its own measure; and its timer is polled only when it is set.
        tokio::spawn(unconstrained(event_loop));
        Ok(SocketAddress::from(local_addr))
    }
}

pub(super) fn mtu_config(max_mtu: u16) -> io::Result<mtu::Config> {
    let config = mtu::Config::builder().with_max_mtu(max_mtu).and_then(mtu::Builder::build);
    config.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))
}

/// The least that carries QUIC (RFC 9000, section 14): 1,200 bytes, and 28 of headers. It is what s2n-quic starts with.
const MTU_MIN: u16 = 1228;
