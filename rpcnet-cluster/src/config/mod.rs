//! What a node is told before it joins: found valid once, here, and never checked again.

mod address;
mod error;
mod health;
mod profile;
mod seed;

use std::{fmt::Debug, net::SocketAddr, ops::RangeInclusive, sync::Arc, time::Duration};

pub use address::Address;
pub use error::ConfigError;
pub use health::HealthCheckConfig;
pub use profile::Profile;
pub use seed::Seed;
pub(crate) use seed::SeedKind;

use crate::{ClusterKey, Keyring, NodeId, Tags, datagram::is_loopback};

/// A node's configuration, found valid. Cloning is cheap.
///
/// ```
/// use rpcnet_cluster::{ClusterConfig, ClusterKey, Profile};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = ClusterKey::generate()?.to_hex();
/// let config = ClusterConfig::builder()
///     .with_node_id("worker-7")
///     .with_bind_addr("0.0.0.0:7946")
///     .with_advertise_addr("10.0.0.7:7946")
///     .with_key(key.parse::<ClusterKey>()?)
///     .with_seeds(["director.example.com:7946"])
///     .with_tag("role", "worker")
///     .with_profile(Profile::Lan)
///     .build()?;
/// # let _ = config; Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ClusterConfig(Arc<ClusterSettings>);

/// The settings themselves.
#[derive(Debug)]
pub(crate) struct ClusterSettings {
    /// None for a name that is drawn at the start.
    pub(crate) node_id: Option<NodeId>,
    /// Where gossip listens; port 0 lets the system choose.
    pub(crate) gossip_bind: SocketAddr,
    /// What others are told about where this node takes calls.
    pub(crate) rpc_addr: SocketAddr,
    /// What others are told about where this node takes gossip; `None` for the address that gossip listens on.
    pub(crate) gossip_advertise: Option<(std::net::IpAddr, u16)>,
    pub(crate) keyring: Option<Keyring>,
    pub(crate) seeds: Vec<Seed>,
    pub(crate) tags: Tags,
    pub(crate) timing: Timing,
    pub(crate) client: Option<rpcnet::ClientConfig>,
    pub(crate) events_max: usize,
    /// What all this was made of.
    given: ClusterConfigBuilder,
}

/// What the membership protocol is told, where it differs from its own defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timing {
    pub(crate) profile: Profile,
    pub(crate) gossip_interval: Option<Duration>,
    pub(crate) probe_timeout: Option<Duration>,
    pub(crate) indirect_probes: Option<usize>,
    pub(crate) suspicion_timeout: Option<Duration>,
    pub(crate) fanout: Option<usize>,
    pub(crate) health: HealthCheckConfig,
    pub(crate) expected_size: Option<usize>,
}

impl ClusterConfig {
    /// Starts a configuration. Everything has a default: a cluster on this machine.
    pub fn builder() -> ClusterConfigBuilder {
        ClusterConfigBuilder::new()
    }

    pub(crate) fn settings(&self) -> &ClusterSettings {
        &self.0
    }

    /// The same for a node whose server takes calls at `addr`.
    ///
    /// # Errors
    ///
    /// The settings don't fit that address.
    pub(crate) fn served_at(&self, addr: SocketAddr) -> Result<Self, ConfigError> {
        self.0.given.clone().with_bind_addr(addr).build()
    }

    /// The same with a port for gossip that the system chooses; `None` if one was asked for.
    pub(crate) fn with_any_gossip_port(&self) -> Option<Self> {
        let given = self.0.given.clone();
        if given.gossip_port.is_some() { None } else { given.with_gossip_port(0).build().ok() }
    }
}

/// Collects a node's settings; [`build`](Self::build) checks them all at once.
#[derive(Clone, Debug)]
#[must_use = "nothing is configured until `build()` is called"]
pub struct ClusterConfigBuilder {
    node_id: Option<String>,
    bind_addr: Address,
    gossip_port: Option<u16>,
    advertise_addr: Option<Address>,
    advertise_gossip_addr: Option<Address>,
    keyring: Option<Keyring>,
    seeds: Vec<Result<Seed, ConfigError>>,
    tags: Vec<(String, String)>,
    timing: Timing,
    client: Option<rpcnet::ClientConfig>,
    events_max: usize,
}

impl ClusterConfigBuilder {
    fn new() -> Self {
        Self {
            node_id: None,
            bind_addr: "127.0.0.1:0".into(),
            gossip_port: None,
            advertise_addr: None,
            advertise_gossip_addr: None,
            keyring: None,
            seeds: Vec::new(),
            tags: Vec::new(),
            timing: Timing::default(),
            client: None,
            events_max: 1024,
        }
    }

    /// The node's name: the same after a restart, and no other node's. 1 to 64 bytes.
    ///
    /// Without it, a name is drawn at random at each start. A node that is known by its old name and comes back under a
    /// new one is two nodes to the others: the old one fails, the new one joins.
    pub fn with_node_id(mut self, id: impl Into<String>) -> Self {
        self.node_id = Some(id.into());
        self
    }

    /// Where this node takes calls (default: `127.0.0.1:0`). Gossip listens on the same IP address.
    ///
    /// Nothing is bound at this port here: that is the RPC server's. If the server was given port 0, give its
    /// `local_addr()`.
    pub fn with_bind_addr(mut self, addr: impl Into<Address>) -> Self {
        self.bind_addr = addr.into();
        self
    }

    /// The UDP port that gossip listens on (default: the RPC port + 1, or one that the system chooses if that is 0).
    pub fn with_gossip_port(mut self, port: u16) -> Self {
        self.gossip_port = Some(port);
        self
    }

    /// Where others reach this node by calls (default: the bind address). Needed where that is `0.0.0.0` or `[::]`, or
    /// behind address translation.
    pub fn with_advertise_addr(mut self, addr: impl Into<Address>) -> Self {
        self.advertise_addr = Some(addr.into());
        self
    }

    /// Where others reach this node by gossip (default: the advertised address, with the gossip port).
    pub fn with_advertise_gossip_addr(mut self, addr: impl Into<Address>) -> Self {
        self.advertise_gossip_addr = Some(addr.into());
        self
    }

    /// The secret of the cluster (default: none, and gossip stays on this machine).
    ///
    /// Without a key a node takes gossip from loopback addresses alone, and sends to no other.
    pub fn with_key(self, key: ClusterKey) -> Self {
        self.with_keyring(Keyring::new(key))
    }

    /// The secrets of a cluster whose key is being changed.
    pub fn with_keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Members to join the cluster by (default: none): each `host:port` with its RPC port, or `gossip://host:port`; see
    /// [`Seed`].
    ///
    /// They are asked when this node starts, and again whenever it knows of no other live node, and now and then in
    /// between, so that a cluster that was split in two finds together. Their names are looked up anew each time.
    pub fn with_seeds<S: AsRef<str>>(mut self, seeds: impl IntoIterator<Item = S>) -> Self {
        self.seeds.extend(seeds.into_iter().map(|seed| seed.as_ref().parse()));
        self
    }

    /// A tag that the node starts with. The same name again replaces its value.
    pub fn with_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((name.into(), value.into()));
        self
    }

    /// What kind of network the cluster runs on (default: [`Profile::Lan`]). Settings below override what it says.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.timing.profile = profile;
        self
    }

    /// How long one round of gossip takes: news are passed on once a round. From 20 ms to 60 s.
    pub fn with_gossip_interval(mut self, interval: Duration) -> Self {
        self.timing.gossip_interval = Some(interval);
        self
    }

    /// How long a node has to answer before others are asked to try it, too. From 10 ms to 60 s.
    pub fn with_probe_timeout(mut self, timeout: Duration) -> Self {
        self.timing.probe_timeout = Some(timeout);
        self
    }

    /// How many others are asked to try a node that does not answer. From 0 to 16.
    pub fn with_indirect_probes(mut self, helpers: usize) -> Self {
        self.timing.indirect_probes = Some(helpers);
        self
    }

    /// How long a suspected node has to object, at most. From 100 ms to 10 min.
    pub fn with_suspicion_timeout(mut self, timeout: Duration) -> Self {
        self.timing.suspicion_timeout = Some(timeout);
        self
    }

    /// How many nodes are told the news in one round. From 1 to 16.
    #[doc(alias = "with_gossip_fanout")]
    pub fn with_fanout(mut self, fanout: usize) -> Self {
        self.timing.fanout = Some(fanout);
        self
    }

    /// How heartbeats are judged.
    pub fn with_health_check(mut self, health: HealthCheckConfig) -> Self {
        self.timing.health = health;
        self
    }

    /// How often heartbeats are asked for; short for the same in [`HealthCheckConfig`].
    pub fn with_health_check_interval(mut self, interval: Duration) -> Self {
        self.timing.health.interval = Some(interval);
        self
    }

    /// The phi at which a node is suspected; short for the same in [`HealthCheckConfig`].
    pub fn with_phi_threshold(mut self, phi: f64) -> Self {
        self.timing.health.phi_threshold = phi;
        self
    }

    /// How many nodes the whole cluster has, if that is known (default: as many as were seen together).
    ///
    /// After a split it tells which side is the majority. From 1 to 1,000,000.
    pub fn with_expected_size(mut self, nodes: usize) -> Self {
        self.timing.expected_size = Some(nodes);
        self
    }

    /// How to reach the RPC servers of other nodes, for state that is too large for datagrams.
    ///
    /// Without it, a node without a key uses [`ClientConfig::development`](rpcnet::ClientConfig::development), for all
    /// is on this machine; a node with a key does without large state: it joins by gossip alone.
    pub fn with_client_config(mut self, config: rpcnet::ClientConfig) -> Self {
        self.client = Some(config);
        self
    }

    /// How many events a subscriber may lag behind before it is given the whole state instead (default: 1024).
    ///
    /// From 16 to 1,000,000.
    pub fn with_events_max(mut self, events: usize) -> Self {
        self.events_max = events;
        self
    }

    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// The first [`ConfigError`] found; it names the setting and says what to do.
    pub fn build(self) -> Result<ClusterConfig, ConfigError> {
        let given = self.clone();
        let node_id =
            self.node_id.map(|id| NodeId::new(&id).map_err(|_| ConfigError::NodeId { given: id })).transpose()?;
        let bind = self.bind_addr.check("with_bind_addr")?;
        let gossip_bind = SocketAddr::new(bind.ip(), gossip_port(bind, self.gossip_port)?);
        let advertised = self.advertise_addr.as_ref().map(|addr| addr.check("with_advertise_addr")).transpose()?;
        let rpc_addr = advertised.unwrap_or(bind);
        check_reachable(if advertised.is_some() { "with_advertise_addr" } else { "with_bind_addr" }, bind, rpc_addr)?;
        let gossip_advertise = match &self.advertise_gossip_addr {
            None => (advertised.is_some()).then_some((rpc_addr.ip(), gossip_bind.port())),
            Some(addr) => {
                let addr = addr.check("with_advertise_gossip_addr")?;
                check_reachable("with_advertise_gossip_addr", bind, addr)?;
                Some((addr.ip(), addr.port()))
            }
        };
        if self.keyring.is_none() {
            check_loopback("with_bind_addr", bind)?;
            check_loopback("with_advertise_addr", rpc_addr)?;
        }
        self.timing.check()?;
        in_range("with_events_max", self.events_max, 16..=1_000_000)?;
        Ok(ClusterConfig(Arc::new(ClusterSettings {
            node_id,
            gossip_bind,
            rpc_addr,
            gossip_advertise,
            keyring: self.keyring,
            seeds: self.seeds.into_iter().collect::<Result<_, _>>()?,
            tags: collect_tags(self.tags)?,
            timing: self.timing,
            client: self.client,
            events_max: self.events_max,
            given,
        })))
    }
}

impl Timing {
    fn check(&self) -> Result<(), ConfigError> {
        let milliseconds = Duration::from_millis;
        if let Some(interval) = self.gossip_interval {
            in_range("with_gossip_interval", interval, milliseconds(20)..=milliseconds(60_000))?;
        }
        if let Some(timeout) = self.probe_timeout {
            in_range("with_probe_timeout", timeout, milliseconds(10)..=milliseconds(60_000))?;
        }
        if let Some(timeout) = self.suspicion_timeout {
            in_range("with_suspicion_timeout", timeout, milliseconds(100)..=milliseconds(600_000))?;
        }
        if let (Some(probe), Some(suspicion)) = (self.probe_timeout, self.suspicion_timeout)
            && suspicion < probe
        {
            let reason = format!(
                "{suspicion:?} is shorter than the {probe:?} of with_probe_timeout, so a suspected node could not object in time: give at least as much"
            );
            return Err(ConfigError::Conflict { setting: "with_suspicion_timeout", reason });
        }
        in_range("with_indirect_probes", self.indirect_probes.unwrap_or(3), 0..=16)?;
        in_range("with_fanout", self.fanout.unwrap_or(3), 1..=16)?;
        in_range("with_expected_size", self.expected_size.unwrap_or(1), 1..=1_000_000)?;
        self.health.check()
    }
}

/// The port that gossip listens on.
fn gossip_port(bind: SocketAddr, port: Option<u16>) -> Result<u16, ConfigError> {
    let conflict = |reason: &str| Err(ConfigError::Conflict { setting: "with_gossip_port", reason: reason.to_owned() });
    match (bind.port(), port) {
        (0, None) => Ok(0),
        (u16::MAX, None) => conflict("there is no port above the RPC port 65535: give one"),
        (rpc, None) => Ok(rpc + 1),
        (rpc, Some(port)) if rpc != 0 && rpc == port => {
            conflict("gossip can't share the RPC port, which QUIC listens on: give another one")
        }
        (_, Some(port)) => Ok(port),
    }
}

/// Refuses an address at which others could not reach this node.
fn check_reachable(setting: &'static str, bind: SocketAddr, addr: SocketAddr) -> Result<(), ConfigError> {
    let unreachable = |reason| Err(ConfigError::Unreachable { setting, addr, reason });
    if addr.ip().is_unspecified() {
        return unreachable(
            "is no address that another node could send to: give this machine's own by with_advertise_addr",
        );
    }
    if setting != "with_bind_addr" && addr.port() == 0 {
        return unreachable("has the port 0, which nobody can send to: give the real one");
    }
    if bind.is_ipv4() && addr.is_ipv6() {
        return unreachable("is an IPv6 address, and with_bind_addr is an IPv4 one: bind to [::], which takes both");
    }
    Ok(())
}

fn check_loopback(setting: &'static str, addr: SocketAddr) -> Result<(), ConfigError> {
    if is_loopback(addr) { Ok(()) } else { Err(ConfigError::NoKey { setting, addr }) }
}

fn collect_tags(given: Vec<(String, String)>) -> Result<Tags, ConfigError> {
    let mut tags = Tags::default();
    for (name, value) in given {
        tags = match tags.with(&name, &value) {
            Ok(tags) => tags,
            Err(error) => return Err(ConfigError::Tag { name, reason: error.to_string() }),
        };
    }
    Ok(tags)
}

/// Refuses a value outside `legal`, naming the builder's method and the range.
pub(crate) fn in_range<T: PartialOrd + Debug>(
    setting: &'static str,
    value: T,
    legal: RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if legal.contains(&value) {
        return Ok(());
    }
    let legal = format!("{:?} to {:?}", legal.start(), legal.end());
    Err(ConfigError::OutOfRange { setting, given: format!("{value:?}"), legal })
}

#[cfg(test)]
mod tests;
