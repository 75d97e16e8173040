//! How an endpoint sends and receives packets.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use s2n_quic_core::{
    event::EndpointPublisher,
    inet::{SocketAddress, datagram::Header},
    io::{rx, tx},
    path::Tuple,
};
use turmoil::net::UdpSocket;

/// Packets from the network.
pub(super) struct Receiver {
    socket: Arc<UdpSocket>,
    local_addr: SocketAddress,
    packet: Vec<u8>,
}

impl Receiver {
    pub(super) fn new(socket: Arc<UdpSocket>, local_addr: SocketAddress) -> Self {
        Self { socket, local_addr, packet: vec![0; usize::from(u16::MAX)] }
    }
}

impl rx::Rx for Receiver {
    type PathHandle = Tuple;
    type Queue = Self;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The channel behind it keeps the waker when the future is gone. A simulated socket never fails.
        let _ = ready!(pin!(self.socket.readable()).poll(cx));
        Poll::Ready(Ok(()))
    }

    fn queue<F: FnOnce(&mut Self)>(&mut self, read: F) {
        read(self);
    }

    fn handle_error<E: EndpointPublisher>(self, never: Infallible, _event: &mut E) {
        match never {}
    }
}

impl rx::Queue for Receiver {
    type Handle = Tuple;

    fn for_each<F: FnMut(Header<Tuple>, &mut [u8])>(&mut self, mut on_packet: F) {
        while let Ok((length, remote)) = self.socket.try_recv_from(&mut self.packet) {
            let path =
                Tuple { remote_address: SocketAddress::from(remote).into(), local_address: self.local_addr.into() };
            on_packet(Header { path, ecn: Default::default() }, &mut self.packet[..length]);
        }
    }

    fn is_empty(&self) -> bool {
        // Asked only where several sources are one.
        false
    }
}

/// Packets to the network, which takes as many as there are.
pub(super) struct Sender {
    socket: Arc<UdpSocket>,
    packet: Vec<u8>,
}

impl Sender {
    pub(super) fn new(socket: Arc<UdpSocket>, max_mtu: u16) -> Self {
        Self { socket, packet: vec![0; usize::from(max_mtu)] }
    }
}

impl tx::Tx for Sender {
    type PathHandle = Tuple;
    type Queue = Self;
    type Error = Infallible;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // It tells when there is room again, and there always is.
        Poll::Pending
    }

    fn queue<F: FnOnce(&mut Self)>(&mut self, write: F) {
        write(self);
    }

    fn handle_error<E: EndpointPublisher>(self, never: Infallible, _event: &mut E) {
        match never {}
    }
}

impl tx::Queue for Sender {
    type Handle = Tuple;

    fn push<M: tx::Message<Handle = Tuple>>(&mut self, mut message: M) -> Result<tx::Outcome, tx::Error> {
        let to = SocketAddr::from(*message.path_handle().remote_address);
        let len = message.write_payload(tx::PayloadBuffer::new(&mut self.packet), 0)?;
        // To a host that is not there: lost, as on any network.
        let _ = self.socket.try_send_to(&self.packet[..len], to);
        Ok(tx::Outcome { len, index: 0 })
    }

    fn capacity(&self) -> usize {
        usize::MAX
    }
}
