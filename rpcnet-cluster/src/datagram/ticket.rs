//! Tickets: what a node hands out to a peer so that the peer can show that it is alive.

use std::{net::SocketAddr, time::Duration};

use aws_lc_rs::hmac;

use super::boot::BootId;

/// What a sender puts into each datagram to one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket([u8; TICKET_BYTES]);

impl Ticket {
    pub(crate) fn from_bytes(bytes: [u8; TICKET_BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; TICKET_BYTES] {
        &self.0
    }
}

/// Makes tickets and knows them again, without remembering any.
pub(crate) struct TicketOffice {
    secret: hmac::Key,
}

impl TicketOffice {
    /// An office with a secret of its own, drawn at random at each start.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self { secret: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// The ticket for a peer, as of now.
    pub(crate) fn issue(&self, now: Duration, boot: BootId, addr: SocketAddr) -> Ticket {
        self.make(epoch(now), boot, addr)
    }

    /// Whether the ticket was issued to this peer at this address within the last 10 to 20 seconds.
    pub(crate) fn is_current(&self, ticket: Ticket, now: Duration, boot: BootId, addr: SocketAddr) -> bool {
        let epoch = epoch(now);
        ticket == self.make(epoch, boot, addr)
            || epoch.checked_sub(1).is_some_and(|last| ticket == self.make(last, boot, addr))
    }

    fn make(&self, epoch: u64, boot: BootId, addr: SocketAddr) -> Ticket {
        let mut context = hmac::Context::with_key(&self.secret);
        context.update(boot.as_bytes());
        match addr.ip().to_canonical() {
            std::net::IpAddr::V4(ip) => context.update(&ip.octets()),
            std::net::IpAddr::V6(ip) => context.update(&ip.octets()),
        }
        context.update(&addr.port().to_be_bytes());
        context.update(&epoch.to_be_bytes());
        let mut ticket = [0; TICKET_BYTES];
        for (byte, mac) in ticket.iter_mut().zip(context.sign().as_ref()) {
            *byte = *mac;
        }
        Ticket(ticket)
    }
}

/// How long a ticket that was issued now may open a window, at the latest.
pub(crate) const TICKET_LIFETIME: Duration = Duration::from_secs(2 * EPOCH_SECONDS);

fn epoch(now: Duration) -> u64 {
    now.as_secs() / EPOCH_SECONDS
}

/// 48 bits: a captured datagram fits another process's secret with a probability of 2 in 281 million million.
pub(crate) const TICKET_BYTES: usize = 6;
const EPOCH_SECONDS: u64 = 10;
