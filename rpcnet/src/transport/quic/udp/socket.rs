//! A UDP socket that receives and sends in batches, and what tokio knows of its readiness.

use std::{
    io::{self, IoSliceMut},
    net::{SocketAddr, UdpSocket},
    sync::atomic::{AtomicU32, Ordering},
    task::{Context, Poll},
};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use s2n_quic_core::inet::ExplicitCongestionNotification as Ecn;
use tokio::io::{
    Interest,
    unix::{AsyncFd, AsyncFdReadyGuard},
};

use super::batch::Batch;

pub(super) struct Socket {
    /// Registered for reading, and for errors, which come rarely. With writing, each packet sent would end the next wait for
    /// events: room in the send buffer is an event, too.
    socket: AsyncFd<UdpSocket>,
    /// What the system can do for it.
    state: UdpSocketState,
    local_addr: SocketAddr,
    /// Attempts to receive that failed since the last that did not.
    failures: AtomicU32,
}

impl Socket {
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        let local_addr = socket.local_addr()?;
        let state = UdpSocketState::new((&socket).into())?;
        let socket = register(socket, Interest::READABLE | Interest::ERROR)?;
        Ok(Self { socket, state, local_addr, failures: AtomicU32::new(0) })
    }

    pub(super) fn system(&self) -> &UdpSocket {
        self.socket.get_ref()
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Whether the system may cut large packets into pieces.
    pub(super) fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }

    /// How many packets one system call may send.
    pub(super) fn segments_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What ends the readiness is `receive`.
        self.socket.poll_read_ready(cx).map_ok(drop)
    }

    pub(super) async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, UdpSocket>> {
        self.socket.ready(interest).await
    }

    /// Fills up to `slots_max` of `slots` and their `metas`, and says how many, and whether there may be more.
    ///
    /// A call that fills fewer slots than it was given has emptied the socket, or met an error that was reported in its midst
    /// (`recvmmsg` ends early for nothing else). So the readiness is over, and no second call needs to find nothing. No packet is
    /// missed: `try_io` notes the number of the last event before the call, and takes back the readiness of that event alone.
    /// Whatever comes after, a packet or an error beside packets, is an event of its own, since epoll reports edges, and sets
    /// the readiness again, before or after this.
    pub(super) fn receive(&self, slots: &mut [u8], metas: &mut [RecvMeta], slots_max: usize) -> (usize, bool) {
        let mut slots = slots.chunks_exact_mut(SLOT_BYTES);
        let mut buffers: [_; SLOTS] = std::array::from_fn(|_| IoSliceMut::new(slots.next().unwrap_or_default()));
        let mut received = 0;
        let result = self.socket.try_io(Interest::READABLE, |socket| {
            match self.state.recv(socket.into(), &mut buffers[..slots_max], metas) {
                Ok(packets) => received = packets,
                // Not asked again before something new comes: it would say the same.
                Err(_) if self.failures.fetch_add(1, Ordering::Relaxed) >= FAILURES_IN_A_ROW_MAX => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Err(error) => return Err(error),
            }
            self.failures.store(0, Ordering::Relaxed);
            if RECEIVES_BATCHES && received < slots_max { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        // Any other error is of one packet, as a rule.
        (received, !matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock))
    }

    /// Sends the packets of `batch`, which are `bytes`.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the send buffer is full; then nothing is sent. For anything else they are lost, as on any network: the
    /// peer's host is unreachable, say, or has no route for a packet that large.
    pub(super) fn send(&self, batch: &Batch, bytes: &[u8]) -> io::Result<()> {
        let local_ip = SocketAddr::from(*batch.path.local_address).ip();
        let transmit = Transmit {
            destination: SocketAddr::from(*batch.path.remote_address),
            ecn: quinn_udp::EcnCodepoint::from_bits(batch.ecn as u8),
            contents: bytes,
            segment_size: (batch.segments > 1).then_some(batch.segment_bytes),
            // A server on all addresses answers from the one that it was asked at.
            src_ip: (!local_ip.is_unspecified()).then_some(local_ip),
        };
        let send = || self.state.try_send(self.socket.get_ref().into(), &transmit);
        let mut sent = send();
        for _ in 0..ERRORS_BEFORE_MAX {
            match &sent {
                // It may be what became of an earlier packet, told to the first who asks: then nothing was sent.
                Err(error) if BY_ICMP.contains(&error.kind()) => sent = send(),
                _ => break,
            }
        }
        sent
    }

    /// The same socket, registered for when there is room in its send buffer.
    pub(super) fn writable(&self) -> io::Result<AsyncFd<UdpSocket>> {
        register(self.socket.get_ref().try_clone()?, Interest::WRITABLE)
    }
}

#[expect(
    deprecated,
    reason = "unsound for types that don't own their file descriptor; this one does, until it is dropped"
)]
fn register(socket: UdpSocket, interest: Interest) -> io::Result<AsyncFd<UdpSocket>> {
    AsyncFd::with_interest(socket, interest)
}

pub(super) fn ecn(meta: &RecvMeta) -> Ecn {
    Ecn::new(meta.ecn.map_or(0, |codepoint| codepoint as u8))
}

/// Whether a system call receives as many packets as there are. Elsewhere it is one, and says nothing of the next.
const RECEIVES_BATCHES: bool = cfg!(any(target_os = "linux", target_os = "android", target_os = "freebsd"));

/// An error of one packet is gone when it was told; one that stays is of the socket.
const FAILURES_IN_A_ROW_MAX: u32 = 64;

/// What the network says of packets that don't arrive.
const BY_ICMP: [io::ErrorKind; 3] =
    [io::ErrorKind::ConnectionRefused, io::ErrorKind::HostUnreachable, io::ErrorKind::NetworkUnreachable];

/// As many may be told while one packet is sent. Whoever forges more keeps a path from working that they are not on, as long as they
/// go on.
const ERRORS_BEFORE_MAX: usize = 2;

/// Room for packets that one system call receives.
pub(super) const SLOTS: usize = if BATCH_SIZE < 16 { BATCH_SIZE } else { 16 };

/// The system hands over consecutive packets of a peer as one, up to the largest that UDP has.
pub(super) const SLOT_BYTES: usize = u16::MAX as usize;
