//! The view under construction: follows the core's events, and is shown in one piece.

use std::{sync::Arc, time::Duration};

use tokio::{sync::broadcast, time::Instant};

use crate::{
    ClusterEvent, Node, NodeId, View,
    membership::{Event, MemberState, Membership, Record},
    shared::Shared,
};

/// Collects changes; shows the view and then tells the events, so that whoever hears of a change can see it.
///
/// A view of a thousand nodes takes some microseconds to copy. It is copied for a batch of changes, not for each, and
/// the more nodes there are, the longer a batch may wait.
pub(super) struct Picture {
    view: View,
    events: broadcast::Sender<ClusterEvent>,
    /// Events that are told once the view is shown.
    waiting: Vec<ClusterEvent>,
    /// The core's version that the view has.
    version: u64,
    shown: Instant,
    is_dirty: bool,
    has_left: bool,
}

impl Picture {
    pub(super) fn new(core: &Membership, events: broadcast::Sender<ClusterEvent>) -> Self {
        let local = Node::new(Arc::clone(core.local()), MemberState::Alive);
        let view = View::new(Arc::new(local));
        let (waiting, version, shown) = (Vec::new(), core.version(), Instant::now());
        Self { view, events, waiting, version, shown, is_dirty: false, has_left: false }
    }

    pub(super) fn view(&self) -> View {
        self.view.clone()
    }

    /// Takes what has changed in the core.
    pub(super) fn follow(&mut self, core: &mut Membership) {
        while let Some(event) = core.poll_event() {
            self.on_event(core, event);
        }
        if core.version() == self.version {
            return;
        }
        self.version = core.version();
        self.is_dirty = true;
        let state = if self.has_left { MemberState::Left } else { MemberState::Alive };
        self.put(core.local(), state);
        if self.view.nodes().len() != core.members().len() + core.departed().len() + 1 {
            self.rebuild(core, state);
        }
    }

    /// Whether this node has said goodbye and been heard.
    pub(super) fn has_left(&self) -> bool {
        self.has_left
    }

    /// When to show the view, if there is something new to show.
    pub(super) fn due(&self) -> Option<Instant> {
        self.is_dirty.then(|| self.shown + SHOWN_EVERY + SHOWN_EVERY_FOR_EACH * self.view.nodes().len() as u32)
    }

    /// Shows the view if it is time, or if `now` is nothing.
    pub(super) fn show(&mut self, shared: &Shared, now: Option<Instant>) {
        let Some(due) = self.due() else { return };
        if now.is_some_and(|now| now < due) {
            return;
        }
        self.is_dirty = false;
        self.shown = Instant::now();
        shared.publish(self.view.clone());
        for event in self.waiting.drain(..) {
            // Nobody may listen.
            let _ = self.events.send(event);
        }
    }

    fn on_event(&mut self, core: &Membership, event: Event) {
        let event = match event {
            Event::NodeJoined(record) => ClusterEvent::NodeJoined(self.changed(core, &record, MemberState::Alive)),
            Event::NodeLeft(record) => ClusterEvent::NodeLeft(self.changed(core, &record, MemberState::Left)),
            Event::NodeFailed(record) => ClusterEvent::NodeFailed(self.changed(core, &record, MemberState::Failed)),
            Event::NodeRecovered(record) => {
                ClusterEvent::NodeRecovered(self.changed(core, &record, MemberState::Alive))
            }
            Event::NodeUpdated(record) => {
                let state = self.view.get(&record.id).map_or(MemberState::Alive, |node| node.state());
                ClusterEvent::NodeUpdated(self.changed(core, &record, state))
            }
            Event::NodeSuspect { node, phi } => {
                ClusterEvent::NodeSuspect(self.changed(core, &node, MemberState::Suspect), phi)
            }
            Event::PartitionDetected { minority, majority } => ClusterEvent::PartitionDetected(minority, majority),
            Event::PartitionHealed => ClusterEvent::PartitionHealed,
            Event::Joined => ClusterEvent::Joined,
            Event::GenerationChanged(generation) => ClusterEvent::GenerationChanged(generation),
            Event::Conflict { other } => {
                tracing::error!(node = %other.id, at = %other.gossip_address, "another live node has this node's name");
                ClusterEvent::NodeConflict(Arc::new(Node::new(other, MemberState::Alive)))
            }
            Event::AddressMismatch { observed } => {
                tracing::warn!(%observed, "others see this node's gossip come from another address than it advertises");
                return;
            }
            Event::Resync => {
                self.waiting.clear();
                self.rebuild(core, MemberState::Alive);
                ClusterEvent::Resync(Arc::new(self.view.clone()))
            }
            Event::LeaveCompleted => {
                self.has_left = true;
                return;
            }
        };
        tracing::debug!(?event);
        self.is_dirty = true;
        self.waiting.push(event);
    }

    /// The node as the event tells it; the view gets it as the core has it by now.
    fn changed(&mut self, core: &Membership, record: &Arc<Record>, state: MemberState) -> Arc<Node> {
        if let Some(member) = core.member(&record.id) {
            self.put(member.record, member.state);
        }
        Arc::new(Node::new(Arc::clone(record), state))
    }

    fn put(&mut self, record: &Arc<Record>, state: MemberState) {
        let is_known = |id: &NodeId| self.view.get(id).is_some_and(|node| node.is(record, state));
        if !is_known(&record.id) {
            self.view.put(Arc::new(Node::new(Arc::clone(record), state)));
        }
    }

    fn rebuild(&mut self, core: &Membership, state: MemberState) {
        let others = core.members().chain(core.departed()).map(|member| (member.record, member.state));
        let all = others.chain([(core.local(), state)]);
        self.view.replace(all.map(|(record, state)| Arc::new(Node::new(Arc::clone(record), state))).collect());
    }
}

/// What a program notices at the earliest.
const SHOWN_EVERY: Duration = Duration::from_millis(2);
/// A copy costs some 10 ns for each node: so at most one part in a thousand of the time goes into copies.
const SHOWN_EVERY_FOR_EACH: Duration = Duration::from_micros(10);
