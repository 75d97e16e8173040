//! Everybody whom this node knows of, but itself.

use std::sync::Arc;

use hashbrown::HashTable;

use super::{
    node::{MemberState, NodeKey, Standing},
    random::mix,
    record::Record,
    time::Time,
};

/// One other node, as this one sees it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: NodeKey,
    pub(crate) record: Arc<Record>,
    pub(crate) incarnation: u32,
    pub(crate) state: MemberState,
    /// Since when it is in this state.
    pub(crate) since: Time,
}

impl Member {
    pub(crate) fn standing(&self) -> Standing {
        Standing { generation: self.record.generation, incarnation: self.incarnation, state: self.state }
    }
}

/// The members: live ones first, so that a random live one is one draw away; found by key through a table of positions.
///
/// The digest covers what all nodes agree on once gossip has settled: who is live, with which generation, incarnation and
/// record. Suspicions pass, and are left out; departed nodes are forgotten at different times, and are left out too.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    members: Vec<Member>,
    live: usize,
    positions: HashTable<u32>,
    digest: u64,
}

impl Roster {
    pub(crate) fn get(&self, key: NodeKey) -> Option<&Member> {
        self.position(key).map(|position| &self.members[position])
    }

    /// Alive and suspected members.
    pub(crate) fn live(&self) -> &[Member] {
        &self.members[..self.live]
    }

    /// Failed and departed ones.
    pub(crate) fn departed(&self) -> &[Member] {
        &self.members[self.live..]
    }

    pub(crate) fn all(&self) -> &[Member] {
        &self.members
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// Adds a member that is not there yet.
    pub(crate) fn insert(&mut self, member: Member) {
        debug_assert!(self.get(member.key).is_none(), "a member is there once");
        let position = self.members.len();
        let (key, is_live) = (member.key, member.state.is_live());
        self.digest ^= contribution(&member);
        self.members.push(member);
        let members = &self.members;
        self.positions.insert_unique(key.0, position as u32, |other| members[*other as usize].key.0);
        if is_live {
            self.swap(position, self.live);
            self.live += 1;
        }
    }

    /// Changes a member; its key must stay.
    pub(crate) fn update(&mut self, key: NodeKey, change: impl FnOnce(&mut Member)) {
        let Some(position) = self.position(key) else {
            debug_assert!(false, "only members change");
            return;
        };
        let member = &mut self.members[position];
        let was_live = member.state.is_live();
        self.digest ^= contribution(member);
        change(member);
        self.digest ^= contribution(member);
        debug_assert_eq!(member.key, key, "a member's key stays");
        match (was_live, member.state.is_live()) {
            (true, false) => {
                self.live -= 1;
                self.swap(position, self.live);
            }
            (false, true) => {
                self.swap(position, self.live);
                self.live += 1;
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Forgets a departed member.
    pub(crate) fn forget(&mut self, key: NodeKey) {
        let Some(position) = self.position(key).filter(|position| *position >= self.live) else {
            debug_assert!(false, "only departed members are forgotten");
            return;
        };
        let last = self.members.len() - 1;
        self.swap(position, last);
        if let Ok(entry) = self.positions.find_entry(key.0, |candidate| *candidate as usize == last) {
            entry.remove();
        }
        self.members.pop();
    }

    fn position(&self, key: NodeKey) -> Option<usize> {
        let found = self.positions.find(key.0, |position| self.members[*position as usize].key == key);
        found.map(|position| *position as usize)
    }

    fn swap(&mut self, one: usize, other: usize) {
        if one == other {
            return;
        }
        let moves = [(one, other as u32 | MOVED), (other, one as u32 | MOVED)];
        for (from, marked) in moves {
            // Marked, so that the second search does not find what the first one just wrote.
            self.reposition(from, from as u32, marked);
        }
        for (from, marked) in moves {
            self.reposition(from, marked, marked & !MOVED);
        }
        self.members.swap(one, other);
    }

    /// Changes the table's entry of the member at `place` from one value to another.
    fn reposition(&mut self, place: usize, old: u32, new: u32) {
        let key = self.members[place].key;
        if let Some(slot) = self.positions.find_mut(key.0, |position| *position == old) {
            *slot = new;
        }
    }
}

/// A position that [`Roster::swap`] has written and not yet confirmed. Positions stay far below it.
const MOVED: u32 = 1 << 31;

/// What a member adds to the digest of a view.
pub(crate) fn contribution(member: &Member) -> u64 {
    if !member.state.is_live() {
        return 0;
    }
    contribution_of(member.key, member.record.generation, member.incarnation, member.record.version)
}

pub(crate) fn contribution_of(key: NodeKey, generation: u64, incarnation: u32, version: u32) -> u64 {
    mix(mix(key.0 ^ generation.rotate_left(16)) ^ (u64::from(incarnation) << 32 | u64::from(version)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::node::NodeId, *};

    fn member(number: u32) -> Member {
        let record = Record {
            id: NodeId::new(&format!("node-{number}")).expect("short"),
            gossip_address: ([127, 0, 0, 1], 1).into(),
            rpc_address: ([127, 0, 0, 1], 2).into(),
            generation: 1,
            version: 0,
            draining: false,
            degraded: false,
            tags: Default::default(),
            unknown: Box::default(),
        };
        let key = record.id.key();
        Member { key, record: record.into(), incarnation: 0, state: MemberState::Alive, since: Time::ZERO }
    }

    proptest! {
        #[test]
        fn members_are_found_and_live_ones_come_first_whatever_happens(steps in prop::collection::vec((0..20u32, 0..4u8), 0..200)) {
            let mut roster = Roster::default();
            let mut model = std::collections::BTreeMap::new();
            for (number, state) in steps {
                let member = member(number);
                let key = member.key;
                let state = MemberState::from_byte(state).expect("one of four");
                match model.get(&key) {
                    None => roster.insert(Member { state, ..member }),
                    Some(MemberState::Left) => {
                        roster.forget(key);
                        model.remove(&key);
                        prop_assert!(roster.get(key).is_none());
                        continue;
                    }
                    Some(_) => roster.update(key, |member| member.state = state),
                }
                model.insert(key, state);
            }
            prop_assert_eq!(roster.all().len(), model.len());
            for (key, state) in &model {
                prop_assert_eq!(roster.get(*key).map(|member| member.state), Some(*state));
            }
            prop_assert!(roster.live().iter().all(|member| member.state.is_live()));
            prop_assert!(roster.departed().iter().all(|member| !member.state.is_live()));
            let digest = roster.all().iter().fold(0, |digest, member| digest ^ contribution(member));
            prop_assert_eq!(roster.digest(), digest);
        }
    }
}
