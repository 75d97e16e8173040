//! Those that this node sends to: their tickets, and what waits for one.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use super::{boot::BootId, ticket::Ticket};

/// A bounded table of addresses that this node sends to.
pub(crate) struct Recipients {
    table: HashMap<SocketAddr, Recipient>,
    /// Which address each recent datagram went to, by counter.
    sent: Box<[Option<(u64, SocketAddr)>; SENT]>,
    capacity: usize,
}

/// What is known about one address.
#[derive(Default)]
struct Recipient {
    ticket: Option<(Ticket, BootId)>,
    /// What was sent last without a ticket, to be sent again once there is one.
    waiting: Option<(Duration, Vec<u8>)>,
    used: Duration,
}

impl Recipients {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { table: HashMap::new(), sent: Box::new([None; SENT]), capacity }
    }

    /// The ticket to send to `addr` with, and the boot that issued it.
    pub(crate) fn ticket(&mut self, now: Duration, addr: SocketAddr) -> Option<(Ticket, BootId)> {
        let recipient = self.table.get_mut(&addr)?;
        recipient.used = now;
        recipient.ticket
    }

    /// Keeps what was sent without a ticket. Only the last one for each address: it is the most recent news.
    pub(crate) fn keep(&mut self, now: Duration, addr: SocketAddr, payload: &[u8]) {
        self.entry(now, addr).waiting = Some((now, payload.to_vec()));
    }

    /// Notes which address the datagram with this counter went to.
    pub(crate) fn note(&mut self, counter: u64, addr: SocketAddr) {
        self.sent[slot(counter)] = Some((counter, addr));
    }

    /// The address that the datagram with this counter went to, if it is recent; it is told once.
    pub(crate) fn take_sent(&mut self, counter: u64) -> Option<SocketAddr> {
        let sent = &mut self.sent[slot(counter)];
        match *sent {
            Some((noted, addr)) if noted == counter => {
                *sent = None;
                Some(addr)
            }
            _ => None,
        }
    }

    /// Learns the ticket for an address.
    pub(crate) fn learn(&mut self, now: Duration, addr: SocketAddr, ticket: Ticket, boot: BootId) {
        self.entry(now, addr).ticket = Some((ticket, boot));
    }

    /// What has been waiting for the ticket of this address, unless it is no news any more.
    pub(crate) fn take_waiting(&mut self, now: Duration, addr: SocketAddr) -> Option<Vec<u8>> {
        let (kept, payload) = self.table.get_mut(&addr)?.waiting.take()?;
        (now <= kept + WAITING_MAX).then_some(payload)
    }

    fn entry(&mut self, now: Duration, addr: SocketAddr) -> &mut Recipient {
        if self.table.len() >= self.capacity && !self.table.contains_key(&addr) {
            // Whoever is forgotten is challenged anew, which costs a round trip.
            let unused = self.table.iter().take(EVICTION_SAMPLE).min_by_key(|(_, recipient)| recipient.used);
            if let Some(addr) = unused.map(|(addr, _)| *addr) {
                self.table.remove(&addr);
            }
        }
        let recipient = self.table.entry(addr).or_default();
        recipient.used = now;
        recipient
    }
}

fn slot(counter: u64) -> usize {
    (counter % SENT as u64) as usize
}

/// A challenge comes back within a round trip, in which a node sends a few dozen datagrams, or some hundreds when it
/// starts.
const SENT: usize = 1024;
/// Longer than any round trip; the core has sent something newer by then.
const WAITING_MAX: Duration = Duration::from_secs(2);
const EVICTION_SAMPLE: usize = 32;
