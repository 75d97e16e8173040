//! What happened to datagrams, counted.

use serde::{Deserialize, Serialize};

/// How many datagrams were sent, opened, and dropped for which reason, since the node started.
///
/// What was dropped changed nothing and drew no answer, but for the one challenge that `unproven` datagrams may get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DatagramCounters {
    /// Sealed and given to the socket.
    pub sealed: u64,
    /// Opened and found good.
    pub opened: u64,
    /// Challenges sent to peers that had to show that they are alive.
    pub challenges_sent: u64,
    /// Challenges received that this node had asked for.
    pub challenges_received: u64,
    /// Dropped: no envelope of this version.
    pub malformed: u64,
    /// Dropped: plain where a key is asked for, sealed where there is none, or plain from another machine.
    pub refused: u64,
    /// Dropped: sealed with a key that the ring lacks.
    pub unknown_key: u64,
    /// Dropped: the tag does not fit. Forged, damaged, or a foreign key that has the same id.
    pub forged: u64,
    /// Dropped: seen before, too old to tell, or this node's own.
    pub replayed: u64,
    /// Dropped: authentic, but its sender has not shown that it is alive and means this node.
    pub unproven: u64,
    /// Dropped: a challenge that this node has not asked for.
    pub unasked: u64,
    /// Dropped: too many peers are talking to this node at once.
    pub crowded: u64,
}

/// Why a datagram was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DropReason {
    Malformed,
    Refused,
    UnknownKey,
    Forged,
    Replayed,
    Unproven,
    Unasked,
    Crowded,
}

impl DatagramCounters {
    /// All datagrams that were dropped.
    pub fn dropped(&self) -> u64 {
        self.malformed
            + self.refused
            + self.unknown_key
            + self.forged
            + self.replayed
            + self.unproven
            + self.unasked
            + self.crowded
    }

    pub(crate) fn count(&mut self, reason: DropReason) {
        *match reason {
            DropReason::Malformed => &mut self.malformed,
            DropReason::Refused => &mut self.refused,
            DropReason::UnknownKey => &mut self.unknown_key,
            DropReason::Forged => &mut self.forged,
            DropReason::Replayed => &mut self.replayed,
            DropReason::Unproven => &mut self.unproven,
            DropReason::Unasked => &mut self.unasked,
            DropReason::Crowded => &mut self.crowded,
        } += 1;
    }
}
