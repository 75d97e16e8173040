//! What holds of a node whatever it is told.

use super::{MemberState, Membership, NodeKey, leaving::Phase};

impl Membership {
    /// Panics where the state contradicts itself.
    pub(crate) fn assert_sound(&self) {
        let own = self.own_claim(false).standing.state;
        // It is a member of its own view until it says goodbye, above everything that is said of it.
        assert_eq!(own == MemberState::Alive, self.local.phase == Phase::Member);
        assert!(self.members().all(|member| member.state.is_live()));
        assert!(self.departed().all(|member| !member.state.is_live()));
        let (members_max, departed_max) = (self.settings.members_max, self.settings.departed_max);
        assert!(self.departed().len() <= departed_max, "the oldest are forgotten");
        assert!(
            self.node_count() <= members_max + departed_max,
            "strangers are refused; who was a member may come back"
        );
        let state = |key: &NodeKey| self.roster.get(*key).map(|member| member.state);
        assert!(self.suspicions.keys().all(|key| state(key) == Some(MemberState::Suspect)));
        let suspects = self.members().filter(|member| member.state == MemberState::Suspect).count();
        assert_eq!(suspects, self.suspicions.len(), "whoever is suspected has a deadline");
    }
}
