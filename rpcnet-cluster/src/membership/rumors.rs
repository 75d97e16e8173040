//! News that others must hear, and how often each piece was sent.

use std::collections::{BTreeMap, BTreeSet};

use super::node::NodeKey;

/// What is being gossiped: one entry for each node that there is news of, the latest news.
///
/// What is said is read from the view when it is sent, so that news never contradicts the view. Those sent least often go
/// first, of these the youngest; after enough sends they go away. There is at most one for each member.
#[derive(Debug, Default)]
pub(crate) struct Rumors {
    order: BTreeSet<(u16, u64, NodeKey)>,
    by_node: BTreeMap<NodeKey, Rumor>,
    /// Counts down, so that the youngest sorts first.
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct Rumor {
    sends: u16,
    number: u64,
    with_record: bool,
}

impl Rumors {
    /// There is news of a node; `with_record` if others may lack its record. Sent from scratch, whatever was sent before.
    pub(crate) fn spread(&mut self, node: NodeKey, with_record: bool) {
        let mut with_record = with_record;
        if let Some(old) = self.by_node.remove(&node) {
            self.order.remove(&(old.sends, old.number, node));
            with_record |= old.with_record;
        }
        self.next = self.next.wrapping_sub(1);
        self.insert(node, Rumor { sends: 0, number: self.next, with_record });
    }

    /// Nothing more to say of a node.
    pub(crate) fn silence(&mut self, node: NodeKey) {
        if let Some(old) = self.by_node.remove(&node) {
            self.order.remove(&(old.sends, old.number, node));
        }
    }

    /// What is being said of a node has changed a little: it is sent again, but half as often, and after what is new.
    pub(crate) fn spread_again(&mut self, node: NodeKey, sends_max: u16) {
        let half = sends_max / 2;
        let old = self.by_node.get(&node).copied();
        let sends = old.map_or(half, |old| old.sends.min(half));
        self.silence(node);
        self.next = self.next.wrapping_sub(1);
        self.insert(node, Rumor { sends, number: self.next, with_record: old.is_some_and(|old| old.with_record) });
    }

    /// The nodes to tell of, most urgent first, and whether with their records.
    pub(crate) fn urgent_first(&self) -> impl Iterator<Item = (NodeKey, bool)> {
        self.order.iter().map(|(_, _, node)| (*node, self.by_node.get(node).is_some_and(|rumor| rumor.with_record)))
    }

    /// These were sent once more; those sent `sends_max` times are done.
    pub(crate) fn sent(&mut self, nodes: &[NodeKey], sends_max: u16) {
        for node in nodes {
            let Some(mut rumor) = self.by_node.remove(node) else { continue };
            self.order.remove(&(rumor.sends, rumor.number, *node));
            rumor.sends += 1;
            if rumor.sends < sends_max {
                self.insert(*node, rumor);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_node.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_node.len()
    }

    /// Whether some news was not sent even once.
    pub(crate) fn has_unsent(&self) -> bool {
        self.order.first().is_some_and(|(sends, _, _)| *sends == 0)
    }

    fn insert(&mut self, node: NodeKey, rumor: Rumor) {
        self.order.insert((rumor.sends, rumor.number, node));
        self.by_node.insert(node, rumor);
    }
}

/// How often each piece of news is sent in a cluster of so many.
///
/// When each of n nodes that learn of it sends it r times to random others, a node misses it with probability e^-r.
/// So `repeats` times ln n makes it one in n^(repeats - 1) that anybody does; anti-entropy tells that one.
pub(crate) fn sends_max(repeats: f64, members: usize) -> u16 {
    ((repeats * ((members + 1) as f64).ln()).ceil() as u16).max(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NodeKey = NodeKey(1);
    const TWO: NodeKey = NodeKey(2);

    fn order(rumors: &Rumors) -> Vec<NodeKey> {
        rumors.urgent_first().map(|(node, _)| node).collect()
    }

    #[test]
    fn the_least_sent_goes_first_and_of_these_the_youngest() {
        let mut rumors = Rumors::default();
        rumors.spread(ONE, false);
        rumors.spread(TWO, false);
        assert_eq!(order(&rumors), [TWO, ONE]);
        rumors.sent(&[TWO], 3);
        assert_eq!(order(&rumors), [ONE, TWO]);
    }

    #[test]
    fn news_goes_away_after_its_sends_and_later_news_starts_from_scratch() {
        let mut rumors = Rumors::default();
        rumors.spread(ONE, true);
        rumors.sent(&[ONE], 2);
        rumors.spread(ONE, false);
        assert_eq!(rumors.urgent_first().next(), Some((ONE, true)), "others may still lack the record");
        rumors.sent(&[ONE], 2);
        assert!(!rumors.has_unsent() && !rumors.is_empty());
        rumors.sent(&[ONE], 2);
        assert!(rumors.is_empty() && order(&rumors).is_empty());
    }

    #[test]
    fn there_is_one_entry_for_each_node() {
        let mut rumors = Rumors::default();
        for round in 0..1000u64 {
            rumors.spread(NodeKey(round % 10), false);
        }
        assert_eq!((rumors.len(), order(&rumors).len()), (10, 10));
    }

    #[test]
    fn sends_grow_with_the_logarithm_of_the_cluster() {
        assert_eq!([2, 10, 1000, 10_000].map(|members| sends_max(2.0, members)), [3, 5, 14, 19]);
    }
}
