//! Whom this node has challenged a moment ago, so that a datagram sent again and again draws one challenge.

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    time::Duration,
};

use super::boot::BootId;

/// A table of fixed size. Peers that fall into one slot displace each other, which costs a challenge at most.
pub(crate) struct Challenged {
    slots: Vec<Slot>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    peer: u64,
    /// One more than the highest counter that was answered; 0 for none.
    next: u64,
    at: Duration,
}

impl Challenged {
    pub(crate) fn new() -> Self {
        Self { slots: vec![Slot::default(); SLOTS], hasher: RandomState::new() }
    }

    /// Whether to challenge the sender of this datagram; if so, it is remembered.
    pub(crate) fn admit(&mut self, now: Duration, boot: BootId, addr: SocketAddr, counter: u64) -> bool {
        let peer = self.hasher.hash_one((boot, addr)) | 1;
        let slot = &mut self.slots[(peer >> 32) as usize % SLOTS];
        let is_same = slot.peer == peer;
        if is_same && (counter < slot.next || now < slot.at + INTERVAL) {
            return false;
        }
        *slot = Slot { peer, next: counter + 1, at: now };
        true
    }
}

const SLOTS: usize = 1024;
/// A challenge that was lost is sent again with the sender's next attempt, but not for each datagram of a burst.
const INTERVAL: Duration = Duration::from_millis(50);
