//! Who is in the cluster: SWIM (Das et al. 2002) with Lifeguard (Dadgar et al. 2018) and phi accrual (Hayashibara et al.
//! 2004), as one state machine without IO.
//!
//! [`Membership`] has no socket, no clock and no randomness of its own. A driver tells it what arrived and what time it is, and
//! asks it what to do; so a thousand of them run in one process, a simulated minute takes seconds, and equal seeds make
//! equal runs. What it says over the network is in `wire`; the datagram layer seals it before it leaves.
//!
//! The methods come in four kinds:
//!
//! - **in**: [`Membership::handle_packet`], [`Membership::handle_timeout`], [`Membership::handle_bulk_request`],
//!   [`Membership::handle_bulk_response`], [`Membership::handle_bulk_failure`];
//! - **commands**: [`Membership::join`], [`Membership::leave`], [`Membership::set_tag`] and their like;
//! - **out**: [`Membership::poll_transmit`], [`Membership::poll_bulk`], [`Membership::poll_event`], each until it
//!   returns nothing, and then [`Membership::poll_timeout`], after every *in* and every *command*;
//! - **views**: [`Membership::members`], [`Membership::member`], [`Membership::phi`] and others, by reference.
//!
//! ```
//! use std::time::Duration;
//! use rpcnet_cluster::membership::{Identity, Membership, NodeId, Settings, Tags, Time};
//!
//! let identity = Identity {
//!     id: NodeId::new("worker-1")?,
//!     gossip_address: "127.0.0.1:7947".parse()?,
//!     rpc_address: "127.0.0.1:7946".parse()?,
//!     generation: 1_790_000_000_000,
//!     tags: Tags::default().with("role", "worker")?,
//! };
//! let mut membership = Membership::new(Settings::default(), identity, 7, Time::ZERO)?;
//! membership.join(Time::ZERO, vec!["127.0.0.1:8947".parse()?]);
//! let transmit = membership.poll_transmit().expect("it asks the seed");
//! assert_eq!(transmit.to.port(), 8947);
//! assert!(membership.poll_timeout().is_some(), "it asks again if nobody answers");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! - `probing`: a node is asked directly four times and through three helpers before anybody says that it does not answer.
//!   `monitors` are asked every second by the same four nodes, so that `phi` has intervals to measure; one random node a second is
//!   asked besides.
//! - `accusing`: a suspicion is told to the accused first, which refutes it by raising its incarnation. Those who
//!   watch the accused, and a few others by lot, ask it themselves and confirm; each confirmation shortens the time it has.
//! - `health`: a node that gets no answer from anybody doubts itself. One that stood still accuses nobody.
//! - `gossip`: news goes out within milliseconds to three nodes and then every 200 ms, piggybacked wherever there is room.
//! - `repair`: every ping and ack carries eight bytes of digest. When they keep differing, two nodes compare over the
//!   bulk channel, bucket by bucket.
//! - `partition`: when a fifth of all goes away at once, both sides name the same minority. When they meet again, the minority
//!   takes back what it thought of the majority and refutes what the majority thinks of it.
//!
//! # What bounds it
//!
//! One entry for each member, members up to [`Settings::members_max`], departed ones up to [`Settings::departed_max`]; at most
//! one piece of news for each; fixed numbers of probes, relays, wanted records and waiting events. A packet makes at most a few
//! others. Nothing from the network panics.

mod accusing;
mod claims;
mod commands;
mod event;
mod gossip;
mod health;
mod input;
mod joining;
mod leaving;
mod monitors;
mod node;
mod output;
mod partition;
mod phi;
mod probing;
mod random;
mod record;
mod relay;
mod repair;
mod roster;
mod round_trip;
mod rumors;
mod settings;
#[cfg(any(test, feature = "fuzzing"))]
mod soundness;
mod suspicion;
mod tags;
mod time;
mod timeout;
mod timers;
mod view;
mod wire;

use std::{collections::BTreeMap, sync::Arc};

pub use event::Event;
pub use joining::SEEDS_MAX;
pub use node::{MemberState, NodeId, NodeIdError, NodeKey};
pub use output::{BulkRequest, Counters, Transmit};
pub use record::{Identity, Record};
pub use settings::{Detection, ENVELOPE_BYTES, HEADER_BYTES, Settings, SettingsError};
pub use tags::{TagError, Tags};
pub use time::Time;
pub use view::MemberView;
pub use wire::BULK_BYTES_MAX;

#[cfg(feature = "simulation")]
pub(crate) use self::{
    node::Standing,
    wire::{Claim, Message, Packet, PacketWriter, Section},
};
pub(crate) use random::{Random, hash, mix};

use self::{
    gossip::Gossip,
    health::LocalHealth,
    joining::Joining,
    leaving::Phase,
    monitors::Monitors,
    output::Output,
    partition::Partition,
    probing::{Probe, Rotation},
    relay::Relay,
    repair::Repair,
    roster::Roster,
    round_trip::RoundTrip,
    suspicion::Suspicion,
    timers::{Timer, Timers},
};

/// One node's part in the cluster: what it knows of the others, and what it has to tell them. See the [module](self).
#[derive(Debug)]
pub struct Membership {
    settings: Settings,
    random: Random,
    local: Local,
    roster: Roster,
    suspicions: BTreeMap<NodeKey, Suspicion>,
    monitors: Monitors,
    probes: BTreeMap<u32, Probe>,
    rotation: Rotation,
    relays: BTreeMap<u32, Relay>,
    health: LocalHealth,
    trips: RoundTrip,
    gossip: Gossip,
    joining: Joining,
    repair: Repair,
    partition: Partition,
    timers: Timers,
    out: Output,
    /// When anything came from any other node.
    heard: Time,
    /// This node was late; until then, what it missed meanwhile may not have been read.
    blind_until: Time,
}

/// This node itself.
#[derive(Debug)]
struct Local {
    key: NodeKey,
    record: Arc<Record>,
    incarnation: u32,
    phase: Phase,
    /// Another live node has this one's name; this one keeps still.
    displaced: bool,
}

impl Membership {
    /// A node on its own, until it [joins](Self::join) others or they join it.
    ///
    /// `seed` decides whom it probes when; a driver takes it from the operating system, a simulator from its own seed.
    ///
    /// # Errors
    ///
    /// The settings contradict themselves.
    pub fn new(settings: Settings, identity: Identity, seed: u64, now: Time) -> Result<Self, SettingsError> {
        settings.check()?;
        let record = Record::of(identity);
        let mut random = Random::new(seed);
        let mut timers = Timers::default();
        for (timer, every) in [
            (Timer::Random, settings.probe_interval),
            (Timer::Contact, settings.repair_interval),
            (Timer::Sweep, timeout::SWEEP_EVERY),
        ] {
            timers.set(now + random.up_to(every), timer);
        }
        Ok(Self {
            local: Local {
                key: record.id.key(),
                record: Arc::new(record),
                incarnation: 0,
                phase: Phase::Member,
                displaced: false,
            },
            roster: Roster::default(),
            suspicions: BTreeMap::new(),
            monitors: Monitors::default(),
            probes: BTreeMap::new(),
            rotation: Rotation::default(),
            relays: BTreeMap::new(),
            health: LocalHealth::new(settings.local_health_max),
            trips: RoundTrip::default(),
            gossip: Gossip::default(),
            joining: Joining::default(),
            repair: Repair::default(),
            partition: Partition::default(),
            timers,
            out: Output::default(),
            heard: now,
            blind_until: now,
            settings,
            random,
        })
    }
}

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;
