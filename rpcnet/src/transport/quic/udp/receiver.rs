//! Packets from the socket, read in the endpoint's task.

use std::{
    cell::Cell,
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    task::{Context, Poll, ready},
};

use quinn_udp::RecvMeta;
use s2n_quic_core::{
    event::EndpointPublisher,
    inet::{SocketAddress, datagram::Header},
    io::rx,
    path::Tuple,
};

use super::{
    socket::{SLOT_BYTES, SLOTS, Socket, ecn},
    turn::Turn,
};

pub(super) struct Receiver {
    socket: Arc<Socket>,
    /// How many packets to look for at once: to prepare for many takes its time, too.
    slots_max: usize,
    turn: Turn,
}

impl Receiver {
    pub(super) fn new(socket: Arc<Socket>) -> Self {
        Self { socket, slots_max: SLOTS_AT_REST, turn: Turn::default() }
    }

    fn path(&self, meta: &RecvMeta) -> Tuple {
        let mut local = self.socket.local_addr();
        if let Some(ip) = meta.dst_ip {
            local.set_ip(ip);
        }
        Tuple {
            remote_address: SocketAddress::from(meta.addr).into(),
            local_address: SocketAddress::from(local).into(),
        }
    }
}

impl rx::Rx for Receiver {
    type PathHandle = Tuple;
    type Queue = Self;
    type Error = io::Error;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.turn.poll(cx));
        self.socket.poll_readable(cx)
    }

    fn queue<F: FnOnce(&mut Self)>(&mut self, read: F) {
        read(self);
    }

    fn handle_error<E: EndpointPublisher>(self, _: io::Error, _event: &mut E) {
        // The runtime is ending, and the endpoint with it.
    }
}

impl rx::Queue for Receiver {
    type Handle = Tuple;

    fn for_each<F: FnMut(Header<Tuple>, &mut [u8])>(&mut self, mut on_packet: F) {
        let mut buffers = BUFFERS.take().unwrap_or_default();
        let (received, may_have_more) = self.socket.receive(&mut buffers.slots, &mut buffers.metas, self.slots_max);
        for (slot, meta) in buffers.slots.chunks_exact_mut(SLOT_BYTES).zip(&buffers.metas[..received]) {
            if !can_be_answered(meta) {
                continue;
            }
            let (path, ecn) = (self.path(meta), ecn(meta));
            // Packets of one size, but for the last; an empty packet has no size at all.
            for packet in slot[..meta.len].chunks_mut(meta.stride.max(1)) {
                on_packet(Header { path, ecn }, packet);
            }
        }
        BUFFERS.set(Some(buffers));
        self.slots_max = if received < SLOTS_AT_REST { SLOTS_AT_REST } else { SLOTS };
        if may_have_more {
            self.turn.end();
        }
    }

    fn is_empty(&self) -> bool {
        // Asked only where several sources are one.
        false
    }
}

/// Port 0 is nobody's: what claims to come from it wants a reply to be wasted. And nobody can answer from an address that is
/// everybody's.
fn can_be_answered(meta: &RecvMeta) -> bool {
    let is_everybodys = |ip: IpAddr| ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST);
    meta.addr.port() != 0 && !meta.dst_ip.is_some_and(is_everybodys)
}

/// What packets are received into.
struct Buffers {
    slots: Box<[u8]>,
    metas: [RecvMeta; SLOTS],
}

impl Default for Buffers {
    fn default() -> Self {
        Self { slots: vec![0; SLOTS * SLOT_BYTES].into(), metas: [RecvMeta::default(); SLOTS] }
    }
}

thread_local! {
    /// Packets are handed over before the task ends its turn, so all endpoints of a thread share these. The system backs them
    /// with memory where packets have touched them: a page for a small one.
    static BUFFERS: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

/// Enough for calls one by one.
const SLOTS_AT_REST: usize = if SLOTS < 4 { SLOTS } else { 4 };
