//! The gossip socket: never waits, and hides which address family it is of.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
};

use socket2::{Domain, Protocol, SockAddr, Socket as RawSocket, Type};
use tokio::net::UdpSocket;

use crate::StartError;

/// A bound UDP socket.
pub(super) struct Socket {
    socket: UdpSocket,
    local_addr: SocketAddr,
}

impl Socket {
    /// Binds; an IPv6 address that means "all" takes IPv4, too.
    pub(super) fn bind(addr: SocketAddr) -> Result<Self, StartError> {
        let bind = || -> io::Result<Self> {
            let socket = RawSocket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
            if addr.is_ipv6() {
                socket.set_only_v6(!addr.ip().is_unspecified())?;
            }
            // A crowd that joins at once must not be lost; what the system does not grant is no error.
            let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
            let _ = socket.set_send_buffer_size(BUFFER_BYTES);
            socket.set_nonblocking(true)?;
            socket.bind(&SockAddr::from(addr))?;
            let socket = UdpSocket::from_std(socket.into())?;
            let local_addr = socket.local_addr()?;
            Ok(Self { socket, local_addr })
        };
        bind().map_err(|source| StartError::Bind { addr, source })
    }

    /// The address that it is bound to.
    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Waits until something can be sent. The first attempt to send would fail without it.
    pub(super) async fn writable(&self) {
        // An error shows again when something is sent.
        let _ = self.socket.writable().await;
    }

    /// Waits until something has arrived.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// The next datagram that has arrived, if there is one.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        // Errors of earlier sends may show here ("connection refused"); they say nothing that a silence would not.
        for _ in 0..ERRORS_IN_A_ROW_MAX {
            match self.socket.try_recv_from(buffer) {
                Ok((bytes, from)) => return Some((bytes, SocketAddr::new(from.ip().to_canonical(), from.port()))),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(_) => {}
            }
        }
        None
    }

    /// Sends a datagram, or loses it as the network might: to wait for a full buffer would delay what matters more.
    pub(super) fn send(&self, to: SocketAddr, datagram: &[u8]) -> bool {
        let to = match (self.local_addr.is_ipv6(), to.ip()) {
            (true, IpAddr::V4(ip)) => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            _ => to,
        };
        self.socket.try_send_to(datagram, to).is_ok()
    }
}

const BUFFER_BYTES: usize = 1 << 20;
const ERRORS_IN_A_ROW_MAX: usize = 64;
