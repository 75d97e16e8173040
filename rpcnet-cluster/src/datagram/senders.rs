//! The peers that have shown that they are alive, with what was seen of each.

use std::{collections::HashMap, time::Duration};

use super::{
    boot::{BootId, BootKey},
    keyring::KeyId,
    ticket::{TICKET_LIFETIME, Ticket},
    window::ReplayWindow,
};

/// A bounded table of senders.
pub(crate) struct Senders {
    table: HashMap<BootId, Sender>,
    capacity: usize,
}

/// One boot of one peer.
pub(crate) struct Sender {
    /// Which cluster key `key` was derived from.
    pub(crate) key_id: KeyId,
    pub(crate) key: BootKey,
    pub(crate) window: ReplayWindow,
    /// The ticket that it proved itself with last, and when.
    ticket: Ticket,
    proven: Duration,
    heard: Duration,
}

impl Senders {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { table: HashMap::new(), capacity }
    }

    pub(crate) fn get(&mut self, boot: BootId) -> Option<&mut Sender> {
        self.table.get_mut(&boot)
    }

    pub(crate) fn knows(&self, boot: BootId) -> bool {
        self.table.contains_key(&boot)
    }

    /// Adds a sender that has just proven itself; `None` if the table is full of those that did so a moment ago.
    pub(crate) fn admit(
        &mut self,
        now: Duration,
        boot: BootId,
        key: (KeyId, BootKey),
        ticket: Ticket,
    ) -> Option<&mut Sender> {
        if self.table.len() >= self.capacity && !self.evict(now) {
            return None;
        }
        let (key_id, key) = key;
        let sender = Sender { key_id, key, window: ReplayWindow::new(), ticket, proven: now, heard: now };
        Some(self.table.entry(boot).insert_entry(sender).into_mut())
    }

    /// Makes room. Forgetting a sender whose ticket still opens a window would let what it sent be replayed.
    fn evict(&mut self, now: Duration) -> bool {
        let evictable = self.table.iter().filter(|(_, sender)| now >= sender.proven + TICKET_LIFETIME);
        // The longest silent of a few: the whole table would take too long on each datagram of a crowd.
        let silent = evictable.take(EVICTION_SAMPLE).min_by_key(|(_, sender)| sender.heard).map(|(boot, _)| *boot);
        silent.is_some_and(|boot| self.table.remove(&boot).is_some())
    }
}

impl Sender {
    /// Whether it was let in by this very ticket.
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        self.ticket == ticket
    }

    /// It has shown a new ticket.
    pub(crate) fn prove(&mut self, now: Duration, ticket: Ticket) {
        self.ticket = ticket;
        self.proven = now;
    }

    pub(crate) fn hear(&mut self, now: Duration) {
        self.heard = now;
    }
}

const EVICTION_SAMPLE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(id: u8) -> BootId {
        BootId::from_bytes([id; 8])
    }

    fn admit(senders: &mut Senders, seconds: u64, id: u8) -> bool {
        let key = (KeyId::from_bits(0), BootKey::new([0; 32]));
        senders.admit(Duration::from_secs(seconds), boot(id), key, Ticket::from_bytes([0; 6])).is_some()
    }

    #[test]
    fn a_sender_is_not_forgotten_while_its_ticket_opens_a_window() {
        let mut senders = Senders::new(2);
        assert!(admit(&mut senders, 0, 1) && admit(&mut senders, 5, 2));
        assert!(!admit(&mut senders, 19, 3), "both have proven themselves within the lifetime of a ticket");
        assert!(admit(&mut senders, 20, 3));
        assert!(!senders.knows(boot(1)) && senders.knows(boot(2)));
        assert!(senders.knows(boot(3)));
    }
}
