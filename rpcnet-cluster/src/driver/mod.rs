//! The driver: gives the membership core a socket, a clock and a name service.
//!
//! One task owns the socket, the datagram gate and the core ([`task`]); so none of them needs a lock. Readers see an
//! immutable view that the task swaps ([`picture`]). A second task looks up seeds ([`seeds`]), and one more runs for
//! each exchange of bulk state.

mod command;
mod picture;
mod seeds;
mod socket;
mod task;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
pub(crate) use command::Command;
use tokio::sync::{broadcast, mpsc};

use crate::{
    ClusterConfig, NodeId, Seed, StartError,
    bulk::{BulkService, Link},
    config::ClusterSettings,
    datagram::{BootId, Gate},
    membership::{Identity, Membership, Time},
    shared::{Shared, Wanted},
};
use picture::Picture;
use seeds::SeedsTask;
use socket::Socket;
use task::Driver;

/// A driver that has been started.
pub(crate) struct Started {
    pub(crate) shared: Arc<Shared>,
    /// The driver ends when the last clone of this is dropped.
    pub(crate) commands: mpsc::Sender<Command>,
    /// Seeds to join by, besides those of the configuration.
    pub(crate) seeds: mpsc::Sender<Vec<Seed>>,
}

/// Binds the gossip port and starts the node's tasks on the current runtime.
pub(crate) fn start(config: &ClusterConfig, bulk: Option<&BulkService>) -> Result<Started, StartError> {
    let settings = config.settings();
    let socket = Socket::bind(settings.gossip_bind)?;
    let identity = identity(settings, socket.local_addr())?;
    let refused = |error: crate::membership::SettingsError| StartError::Settings { reason: error.to_string() };
    let core =
        Membership::new(settings.timing.core_settings(), identity, random_u64()?, Time::ZERO).map_err(refused)?;
    let wanted = Wanted {
        tags: settings.tags.clone(),
        degraded: false,
        unwell: BTreeSet::new(),
        draining: false,
        keyring: settings.keyring.clone(),
    };
    let events = broadcast::Sender::new(settings.events_max);
    let picture = Picture::new(&core, events.clone());
    let gossip_address = core.local().gossip_address;
    let shared = Shared::new(core.local().id.clone(), socket.local_addr(), picture.view(), wanted.clone(), &events);
    let shared = Arc::new(shared);

    let (commands, commands_received) = mpsc::channel(COMMANDS_MAX);
    let (inbox, inbox_received) = mpsc::channel(COMMANDS_MAX);
    let (seeds, seeds_received) = mpsc::channel(4);
    let link = Link::new(settings, Arc::clone(&shared)).map(Arc::new);
    let seeds_task =
        SeedsTask::new(settings.seeds.clone(), seeds_received, inbox.clone(), Arc::clone(&shared), link.clone());
    let driver = Driver::new(socket, gate(settings)?, core, picture, Arc::clone(&shared), wanted, link, inbox);
    if let Some(bulk) = bulk {
        bulk.attach(&shared, commands.downgrade(), gossip_address);
    }
    tokio::spawn(driver.run(commands_received, inbox_received, tokio::spawn(seeds_task.run())));
    Ok(Started { shared, commands, seeds })
}

fn identity(settings: &ClusterSettings, gossip_addr: SocketAddr) -> Result<Identity, StartError> {
    let id = match &settings.node_id {
        Some(id) => id.clone(),
        None => random_node_id()?,
    };
    let gossip_address = match settings.gossip_advertise {
        // The configured port may be "whichever".
        Some((ip, 0)) => SocketAddr::new(ip, gossip_addr.port()),
        Some((ip, port)) => SocketAddr::new(ip, port),
        None => gossip_addr,
    };
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Ok(Identity {
        id,
        gossip_address,
        rpc_address: settings.rpc_addr,
        generation: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
        tags: settings.tags.clone(),
    })
}

fn gate(settings: &ClusterSettings) -> Result<Gate, StartError> {
    match &settings.keyring {
        None => Ok(Gate::plain()),
        Some(keyring) => {
            let boot = BootId::from_bytes(random_bytes()?);
            Ok(Gate::sealed(keyring.clone(), boot, &random_bytes()?, PEERS_MAX))
        }
    }
}

fn random_node_id() -> Result<NodeId, StartError> {
    let name = format!("node-{:016x}", random_u64()?);
    Ok(NodeId::new(&name).unwrap_or_else(|_| unreachable!("21 bytes are a name")))
}

fn random_u64() -> Result<u64, StartError> {
    random_bytes().map(u64::from_ne_bytes)
}

fn random_bytes<const N: usize>() -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| StartError::NoRandomness)?;
    Ok(bytes)
}

/// Queries and bulk requests that wait for the driver's next turn.
const COMMANDS_MAX: usize = 64;
/// Replay windows of more senders than any cluster that was measured has nodes; 200 bytes each.
const PEERS_MAX: usize = 16_384;
