//! The error queue of a socket: `ip(7)`, `IP_RECVERR`. Of Linux alone.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use linux::{next, open};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use none::{next, open};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::{
        io,
        net::{SocketAddr, UdpSocket},
        os::fd::AsRawFd,
    };

    use nix::{
        cmsg_space,
        errno::Errno,
        libc,
        sys::socket::{
            ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, recvmsg, setsockopt,
            sockopt::{Ipv4RecvErr, Ipv6RecvErr},
        },
    };

    /// What became of a packet.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Report {
        /// Where it was sent to.
        destination: Option<SocketAddr>,
        /// The destination's host says that nothing listens there.
        is_refusal: bool,
    }

    impl Report {
        pub(in super::super) fn is_refusal_by(&self, peer: SocketAddr) -> bool {
            // Not the rest of an address of IPv6, of which the system has its own idea.
            let host = |addr: SocketAddr| (addr.ip().to_canonical(), addr.port());
            self.is_refusal && self.destination.is_some_and(|to| host(to) == host(peer))
        }
    }

    /// From here on the system reports what it hears of packets sent.
    pub(in super::super) fn open(socket: &UdpSocket) -> io::Result<()> {
        match socket.local_addr()? {
            SocketAddr::V4(_) => setsockopt(socket, Ipv4RecvErr, &true)?,
            SocketAddr::V6(_) => {
                setsockopt(socket, Ipv6RecvErr, &true)?;
                // It may have peers of IPv4 as well.
                let _ = setsockopt(socket, Ipv4RecvErr, &true);
            }
        }
        Ok(())
    }

    /// Takes the next report, if there is one.
    pub(in super::super) fn next(socket: &UdpSocket) -> io::Result<Option<Report>> {
        // What the system tells of each packet, too, comes first: its address and its congestion bits.
        let mut room = cmsg_space!(libc::in6_pktinfo, libc::c_int, libc::sock_extended_err, libc::sockaddr_in6);
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        // Of the packet itself nothing is wanted.
        match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut [], Some(&mut room), flags) {
            Ok(message) => Ok(Some(Report {
                destination: message.address.as_ref().and_then(addr),
                is_refusal: is_refusal(&message),
            })),
            Err(Errno::EAGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn is_refusal(message: &RecvMsg<'_, '_, SockaddrStorage>) -> bool {
        message.cmsgs().is_ok_and(|mut parts| {
            parts.any(|part| match part {
                ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => {
                    let is_of_network = [libc::SO_EE_ORIGIN_ICMP, libc::SO_EE_ORIGIN_ICMP6].contains(&error.ee_origin);
                    is_of_network && error.ee_errno == Errno::ECONNREFUSED as u32
                }
                _ => false,
            })
        })
    }

    fn addr(addr: &SockaddrStorage) -> Option<SocketAddr> {
        let v4 = addr.as_sockaddr_in().map(|addr| SocketAddr::V4((*addr).into()));
        v4.or_else(|| addr.as_sockaddr_in6().map(|addr| SocketAddr::V6((*addr).into())))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod none {
    use std::{
        io,
        net::{SocketAddr, UdpSocket},
    };

    /// There is none.
    pub(in super::super) enum Report {}

    impl Report {
        pub(in super::super) fn is_refusal_by(&self, _: SocketAddr) -> bool {
            match *self {}
        }
    }

    pub(in super::super) fn open(_: &UdpSocket) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn next(_: &UdpSocket) -> io::Result<Option<Report>> {
        Ok(None)
    }
}
