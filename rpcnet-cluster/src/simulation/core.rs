//! The membership core as a [`Protocol`].

use std::sync::Arc;

use super::{Birth, Known, Observation, Outgoing, Protocol, address_of, index_of};
use crate::membership::{
    ENVELOPE_BYTES, Event, HEADER_BYTES, Identity, Membership, NodeId, Record, Settings, Tags, Time,
};

/// A node that runs the membership core.
#[derive(Debug)]
pub struct Core(pub Membership);

/// What the nodes of a world share.
#[derive(Clone, Debug, Default)]
pub struct CoreConfig {
    /// The settings of all nodes.
    pub settings: Settings,
    /// The tags that nodes start with.
    pub tags: Tags,
    /// The first records of all nodes that others may know from the start: shared, or ten thousand nodes would not fit.
    pub records: Vec<Arc<Record>>,
}

impl CoreConfig {
    /// For worlds whose first `nodes` nodes know each other.
    pub fn new(settings: Settings, tags: Tags, nodes: usize) -> Self {
        let mut config = Self { settings, tags, records: Vec::new() };
        config.records =
            (0..nodes).map(|index| Arc::clone(config.newborn(index, FIRST, 0, Time::ZERO).local())).collect();
        config
    }

    fn newborn(&self, index: usize, generation: u64, seed: u64, now: Time) -> Membership {
        let identity = Identity {
            id: node_id(index),
            gossip_address: address_of(index),
            rpc_address: address_of(index),
            generation: FIRST.max(generation),
            tags: self.tags.clone(),
        };
        Membership::new(self.settings.clone(), identity, seed, now).expect("the settings are valid")
    }
}

/// The generation of all first runs.
const FIRST: u64 = 1_790_000_000_000;

/// The name of a node in the simulated world.
pub fn node_id(index: usize) -> NodeId {
    NodeId::new(&format!("node-{index:05}")).expect("short enough")
}

fn index_in(id: &NodeId) -> usize {
    id.as_str().trim_start_matches("node-").parse().unwrap_or(usize::MAX)
}

impl Protocol for Core {
    type Config = CoreConfig;

    const OVERHEAD_BYTES: usize = HEADER_BYTES + ENVELOPE_BYTES;

    fn spawn(config: &CoreConfig, birth: &Birth<'_>) -> Self {
        let mut membership = config.newborn(birth.index, FIRST + birth.generation, birth.seed, birth.now);
        match birth.known {
            Known::Below(count) => membership.restore(birth.now, config.records.iter().take(count).cloned()),
            Known::Seeds([]) => {}
            Known::Seeds(seeds) => membership.join(birth.now, seeds.iter().map(|seed| address_of(*seed)).collect()),
        }
        Self(membership)
    }

    fn handle_packet(&mut self, now: Time, from: usize, payload: &[u8]) {
        self.0.handle_packet(now, address_of(from), payload);
    }

    fn handle_timeout(&mut self, now: Time) {
        self.0.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.0.poll_timeout()
    }

    fn poll_outgoing(&mut self) -> Option<Outgoing> {
        if let Some(transmit) = self.0.poll_transmit() {
            return Some(Outgoing::Packet { to: index_of(transmit.to), payload: transmit.payload });
        }
        let bulk = self.0.poll_bulk()?;
        Some(Outgoing::Bulk { to: index_of(bulk.to.gossip_address), id: bulk.id, payload: bulk.payload })
    }

    fn poll_observation(&mut self) -> Option<Observation> {
        let index = |record: Arc<Record>| index_in(&record.id);
        Some(match self.0.poll_event()? {
            Event::NodeJoined(record) => Observation::Joined(index(record)),
            Event::NodeLeft(record) => Observation::Left(index(record)),
            Event::NodeFailed(record) => Observation::Failed(index(record)),
            Event::NodeUpdated(record) => Observation::Updated(index(record)),
            Event::NodeSuspect { node, .. } => Observation::Suspected(index(node)),
            Event::NodeRecovered(record) => Observation::Recovered(index(record)),
            Event::PartitionDetected { minority, majority } => Observation::Parted {
                minority: minority.iter().map(index_in).collect(),
                majority: majority.iter().map(index_in).collect(),
            },
            Event::PartitionHealed => Observation::Healed,
            Event::Joined => Observation::Welcomed,
            Event::LeaveCompleted => Observation::Gone,
            Event::GenerationChanged(generation) => Observation::Regenerated(generation),
            Event::Conflict { .. } => Observation::Displaced,
            Event::AddressMismatch { .. } => return self.poll_observation(),
            Event::Resync => Observation::Resync,
        })
    }

    fn handle_bulk_request(&mut self, now: Time, payload: &[u8]) -> Option<Vec<u8>> {
        self.0.handle_bulk_request(now, payload)
    }

    fn handle_bulk_answer(&mut self, now: Time, id: u64, answer: Option<&[u8]>) {
        match answer {
            Some(answer) => self.0.handle_bulk_response(now, id, answer),
            None => self.0.handle_bulk_failure(now, id),
        }
    }

    fn members(&self) -> Vec<usize> {
        self.0.members().map(|member| index_in(&member.record.id)).collect()
    }

    fn publish(&mut self, now: Time, value: &str) {
        // A value that does not fit would show as one that nobody learns.
        let _ = self.0.set_tag(now, "published", value);
    }

    fn leave(&mut self, now: Time) {
        self.0.leave(now);
    }
}
