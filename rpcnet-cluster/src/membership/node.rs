//! Who a node is, and which of two claims about it counts.

use std::{fmt, net::SocketAddr, sync::Arc};

use super::random::hash;

/// The name of a node: chosen by whoever runs it, the same after a restart, unique in the cluster.
///
/// 1 to [`NodeId::BYTES_MAX`] bytes of UTF-8. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

/// A name that no node can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a node id has 1 to {} bytes, not {bytes}", NodeId::BYTES_MAX)]
pub struct NodeIdError {
    /// How long the name was.
    pub bytes: usize,
}

impl NodeId {
    /// The longest name, in bytes: with it, a record with tags still fits one datagram.
    pub const BYTES_MAX: usize = 64;

    /// The node of this name.
    ///
    /// # Errors
    ///
    /// The name is empty or too long.
    pub fn new(name: &str) -> Result<Self, NodeIdError> {
        if name.is_empty() || name.len() > Self::BYTES_MAX {
            return Err(NodeIdError { bytes: name.len() });
        }
        Ok(Self(name.into()))
    }

    /// The node that is known by its address only.
    pub(crate) fn of_address(address: SocketAddr) -> Self {
        // At most 58 bytes: those of an IPv6 address with a scope.
        Self(address.to_string().into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as shared text.
    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The name in eight bytes.
    pub fn key(&self) -> NodeKey {
        // The key orders nodes on the monitors' rings.
        NodeKey(hash(self.0.as_bytes()))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// A [`NodeId`] in eight bytes: what datagrams name nodes by.
///
/// Two names of a cluster of 100,000 nodes share one with a probability of 3 in 10^10; the one that comes second
/// is refused and reported as a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey(pub u64);

impl NodeKey {
    /// Half of the key: enough to tell the accusers of one node apart.
    pub(crate) const fn short(self) -> u32 {
        self.0 as u32
    }
}

/// What is thought of a member. A later state outranks an earlier one of the same incarnation.
///
/// | from \ to | Alive | Suspect | Failed | Left |
/// |---|---|---|---|---|
/// | Alive | newer incarnation | accused | never by hearsay alone: it is suspected first | it said so |
/// | Suspect | it refuted | newer accusation | nobody heard from it in time, or one who waited says so | it said so |
/// | Failed | it refuted | accused after it refuted | newer incarnation | it said so |
/// | Left | new generation | new generation | new generation | - |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberState {
    /// It answers.
    Alive,
    /// Somebody could not reach it; it may still refute that. It counts as a member until it fails.
    Suspect,
    /// Nobody heard from it in time. It may still refute that, and is then a member again.
    Failed,
    /// It said goodbye. Only a restart, a new generation, brings it back.
    Left,
}

impl MemberState {
    /// Whether the node counts as a member: alive, or under a suspicion it can still refute.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Alive | Self::Suspect)
    }

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Alive => 0,
            Self::Suspect => 1,
            Self::Failed => 2,
            Self::Left => 3,
        }
    }

    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Alive),
            1 => Some(Self::Suspect),
            2 => Some(Self::Failed),
            3 => Some(Self::Left),
            _ => None,
        }
    }
}

/// A claim's place in the order of claims about one node: of two, the greater one counts.
///
/// Generation first: it names one run of the node's process. Then the incarnation, which the node alone raises, to refute
/// what is said of it (Das et al. 2002). Then the state. Taking the greater one is commutative, associative and
/// idempotent, so the order in which claims arrive, and how often, does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Standing {
    pub(crate) generation: u64,
    pub(crate) incarnation: u32,
    pub(crate) state: MemberState,
}

/// Incarnations from here on are refused: nobody refutes sixteen million accusations in one run, so a greater one is
/// forged. A node that comes near takes a new generation instead.
pub(crate) const INCARNATION_MAX: u32 = 1 << 24;

/// Generations are milliseconds since 1970 in 48 bits.
pub(crate) const GENERATION_MAX: u64 = (1 << 48) - 1;

/// Whether `claimed` can be a generation in a cluster that `own` lives in: at most 35 years ahead of it, or of 2020
/// if this node's own clock stands at 1970.
pub(crate) fn plausible_generation(claimed: u64, own: u64) -> bool {
    const YEAR_2020: u64 = 1_577_836_800_000;
    const AHEAD_MAX: u64 = 1 << 40;
    claimed <= own.max(YEAR_2020) + AHEAD_MAX && claimed <= GENERATION_MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn standing() -> impl Strategy<Value = Standing> {
        (0..3u64, 0..3u32, 0..4u8).prop_map(|(generation, incarnation, state)| Standing {
            generation,
            incarnation,
            state: MemberState::from_byte(state).expect("one of four"),
        })
    }

    proptest! {
        #[test]
        fn merging_claims_is_commutative_associative_and_idempotent(a in standing(), b in standing(), c in standing()) {
            prop_assert_eq!(a.max(b), b.max(a));
            prop_assert_eq!(a.max(b).max(c), a.max(b.max(c)));
            prop_assert_eq!(a.max(b).max(b), a.max(b));
        }
    }

    #[test]
    fn generation_outranks_incarnation_and_incarnation_outranks_state() {
        let at = |generation, incarnation, state| Standing { generation, incarnation, state };
        assert!(at(2, 0, MemberState::Alive) > at(1, 9, MemberState::Left));
        assert!(at(1, 2, MemberState::Alive) > at(1, 1, MemberState::Failed));
        assert!(at(1, 1, MemberState::Suspect) > at(1, 1, MemberState::Alive));
        assert!(at(1, 1, MemberState::Failed) > at(1, 1, MemberState::Suspect));
        assert!(at(1, 1, MemberState::Left) > at(1, 1, MemberState::Failed));
    }

    #[test]
    fn names_that_are_empty_or_too_long_are_no_node_ids() {
        assert_eq!(NodeId::new("").err(), Some(NodeIdError { bytes: 0 }));
        assert_eq!(NodeId::new(&"x".repeat(65)).err(), Some(NodeIdError { bytes: 65 }));
        assert!(NodeId::new(&"x".repeat(64)).is_ok());
    }

    #[test]
    fn a_generation_from_the_far_future_is_implausible_even_to_a_node_whose_clock_stands_at_1970() {
        let today = 1_800_000_000_000;
        assert!(plausible_generation(today, 5));
        assert!(plausible_generation(today + 3_600_000, today));
        assert!(!plausible_generation(GENERATION_MAX, today));
        assert!(!plausible_generation(u64::MAX, 5));
    }
}
