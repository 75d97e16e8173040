//! Quorums: for programs that must not act in a minority.

/// How many nodes must be there before a program acts.
///
/// Membership is eventually consistent: two sides of a split can both count the other's nodes for some seconds, until
/// they are found to be gone. So a quorum by itself prevents two sides from acting at once only if what they do waits
/// for longer than detection takes, or is checked by a majority of them. It is a brake, not a lock.
///
/// ```
/// use rpcnet_cluster::Quorum;
///
/// let quorum = Quorum::majority_of(5);
/// assert_eq!(quorum.nodes(), 3);
/// assert!(quorum.is_reached_by(3) && !quorum.is_reached_by(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quorum(usize);

impl Quorum {
    /// More than half of `expected` nodes. The number must be known from elsewhere, such as from the deployment:
    /// a side that counts only those whom it sees is always a majority of them.
    pub fn majority_of(expected: usize) -> Self {
        Self(expected / 2 + 1)
    }

    /// Exactly so many nodes or more.
    pub fn of(nodes: usize) -> Self {
        Self(nodes)
    }

    /// How many nodes it takes.
    pub fn nodes(&self) -> usize {
        self.0
    }

    /// Whether so many visible nodes are enough; this node counts as one.
    pub fn is_reached_by(&self, visible: usize) -> bool {
        visible >= self.0
    }
}
