//! What the core wants done, until the driver asks.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc};

use super::{Event, Membership, Record, Time};

/// A payload to seal and send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// What, before it is sealed.
    pub payload: Vec<u8>,
}

/// A request for the bulk channel: more than fits datagrams, and worth a reliable connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkRequest {
    /// Names the request when its answer is handed in.
    pub id: u64,
    /// The node to ask, with its addresses.
    pub to: Arc<Record>,
    /// What to ask.
    pub payload: Vec<u8>,
}

/// What happened since the start, for those who watch the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Packets and bulk payloads that no version of the protocol writes. They had no effect.
    pub malformed: u64,
    /// Claims with a generation from the far future, or by nodes whose names share a key. They had no effect.
    pub refused: u64,
    /// Members refused because there were too many.
    pub overflowed: u64,
    /// Times that this node stood still for longer than [`super::Settings::stall`].
    pub stalls: u64,
    /// Suspicions that this node raised or confirmed.
    pub accusations: u64,
    /// Accusations of this node that it refuted.
    pub refutations: u64,
    /// Bulk requests made.
    pub bulk_requests: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) transmits: VecDeque<Transmit>,
    pub(crate) bulk: VecDeque<BulkRequest>,
    events: VecDeque<Event>,
    pub(crate) counters: Counters,
    /// Counts changes of the view.
    pub(crate) version: u64,
}

impl Output {
    pub(crate) fn event(&mut self, event: Event) {
        self.version += 1;
        if self.events.len() >= EVENTS_MAX {
            self.events.clear();
            self.events.push_back(Event::Resync);
        }
        self.events.push_back(event);
    }
}

impl Membership {
    /// The next payload to send, if there is one.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.out.transmits.pop_front()
    }

    /// The next request for the bulk channel. There is at most one under way.
    pub fn poll_bulk(&mut self) -> Option<BulkRequest> {
        self.out.bulk.pop_front()
    }

    /// The next change of the view.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    /// When to call [`Membership::handle_timeout`], at the latest. Nothing once the node has left.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.next()
    }
}

/// A driver takes events at once; this is for one that does not.
const EVENTS_MAX: usize = 1 << 18;
