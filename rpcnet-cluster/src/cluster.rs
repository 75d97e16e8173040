//! The handle of a node's part in its cluster.

use std::{convert::Infallible, fmt, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    BulkService, ClusterConfig, ClusterKey, ClusterSnapshot, ConfigError, DatagramCounters, Events, JoinError, KeyId,
    KeyringError, LeftError, Node, NodeHealth, NodeId, Quorum, ResyncError, Seed, StartError, TagError, View,
    driver::{self, Command},
    shared::{Shared, Wanted},
};

/// A node's part in its cluster. Cloning is cheap; all clones are one node.
///
/// Questions about the cluster are answered at once, from a view that is swapped when something changes; they take no
/// lock. When the last clone is dropped without [`leave`](Self::leave), the node falls silent, and the others find that
/// it has failed.
///
/// # What is guaranteed, and what is only likely
///
/// Guaranteed: nothing that a stranger without the key sends changes the view. A node is only found failed after
/// it had time to object. A node that said goodbye is `Left`, not `Failed`, to whoever heard it. What this node says
/// about itself is never overruled for good: it objects, with a higher incarnation.
///
/// Likely: that all views agree within seconds of a change; that a failed node is dead. Neither can be certain in a
/// network that loses messages: a node that can't be reached looks like one that is dead, and two halves of a split
/// each think that the other has failed. See [`Quorum`] for programs that must not act on that.
///
/// ```
/// use rpcnet_cluster::{ClusterConfig, ClusterMembership};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let director = ClusterMembership::new(ClusterConfig::builder().with_node_id("director").build()?).await?;
///
/// let worker = ClusterMembership::new(ClusterConfig::builder().with_tag("role", "worker").build()?).await?;
/// worker.join([director.seed()]).await?;
/// director.wait_until(|view| view.live_count() == 2).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ClusterMembership {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    seeds: mpsc::Sender<Vec<Seed>>,
}

impl ClusterMembership {
    /// Starts a node that serves no calls itself. If it has seeds, it begins to join by them at once.
    ///
    /// Without a server it can't give large state to others; it can fetch it. Its tasks run on the current tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// The gossip port can't be bound, or the system has no randomness.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn new(config: ClusterConfig) -> Result<Self, StartError> {
        Self::start(&config, None)
    }

    /// Starts a node with an rpcnet server that [has the bulk service](crate::ServerBuilderExt::cluster).
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn with_server(config: ClusterConfig, bulk: &BulkService) -> Result<Self, StartError> {
        Self::start(&config, Some(bulk))
    }

    fn start(config: &ClusterConfig, bulk: Option<&BulkService>) -> Result<Self, StartError> {
        let driver::Started { shared, commands, seeds } = driver::start(config, bulk)?;
        Ok(Self { shared, commands, seeds })
    }

    /// Joins a cluster by these seeds, besides those of the configuration, and waits until a member has taken this node
    /// in.
    ///
    /// Each is a text as [`with_seeds`](crate::ClusterConfigBuilder::with_seeds) takes it, a [`Seed`], or the
    /// [`SocketAddr`] of a node's RPC server. One that answers is enough. The first node of a cluster has nobody to
    /// join.
    ///
    /// # Errors
    ///
    /// [`JoinError::NoAnswer`] after ten seconds; the node goes on trying all the same.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the node goes on joining.
    pub async fn join<S>(&self, seeds: impl IntoIterator<Item = S>) -> Result<(), JoinError>
    where
        S: TryInto<Seed>,
        ConfigError: From<S::Error>,
    {
        let seeds = seeds.into_iter().map(|seed| seed.try_into().map_err(ConfigError::from));
        let seeds: Vec<Seed> = seeds.collect::<Result<_, _>>()?;
        self.seeds.send(seeds.clone()).await.map_err(|_| LeftError)?;
        let mut joined = self.shared.joined.subscribe();
        let ended = self.ended();
        tokio::select! {
            waited = timeout(JOIN_TIMEOUT, joined.wait_for(|joined| *joined)) => match waited {
                Ok(_) => Ok(()),
                Err(_) => Err(JoinError::NoAnswer { seeds, seconds: JOIN_TIMEOUT.as_secs() }),
            },
            () = ended => Err(LeftError.into()),
        }
    }

    /// Says goodbye, and ends: the others see this node as `Left`. Waits until some have heard it, a second at most.
    ///
    /// # Errors
    ///
    /// The node has left before.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the node leaves all the same.
    pub async fn leave(&self) -> Result<(), LeftError> {
        self.commands.send(Command::Leave).await.map_err(|_| LeftError)?;
        self.ended().await;
        Ok(())
    }

    /// Sets a tag of this node. The others hear of it within a second or two.
    ///
    /// # Errors
    ///
    /// The name or all tags together are too long; then they are as they were.
    pub fn set_tag(&self, name: &str, value: &str) -> Result<(), TagError> {
        self.shared.want(|wanted| {
            wanted.tags = wanted.tags.with(name, value)?;
            Ok(())
        })
    }

    /// Removes a tag of this node, if it is there.
    pub fn remove_tag(&self, name: &str) {
        let _: Result<(), Infallible> = self.shared.want(|wanted| {
            wanted.tags = wanted.tags.without(name);
            Ok(())
        });
    }

    /// A tag of this node, as it was set last.
    pub fn get_tag(&self, name: &str) -> Option<String> {
        self.shared.wanted().tags.get(name).map(str::to_owned)
    }

    /// Says that this node works, but badly (its disk is full, its database slow), or that it is well again.
    ///
    /// [`HealthChecker::report`](crate::HealthChecker::report) is for a program whose parts speak for themselves.
    pub fn set_degraded(&self, degraded: bool) {
        let _: Result<(), Infallible> = self.shared.want(|wanted| {
            wanted.degraded = degraded;
            Ok(())
        });
    }

    /// Says that this node wants no new work, since it is going away, or that it wants some again.
    pub fn set_draining(&self, draining: bool) {
        let _: Result<(), Infallible> = self.shared.want(|wanted| {
            wanted.draining = draining;
            Ok(())
        });
    }

    /// What is known of the cluster now.
    pub fn view(&self) -> Arc<View> {
        self.shared.view()
    }

    /// All nodes that are known, also those that failed or left, by name. They are forgotten after a day.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.view().nodes().to_vec()
    }

    /// The nodes that count as members, by name; this one is among them.
    pub fn members(&self) -> Vec<Arc<Node>> {
        self.view().live().cloned().collect()
    }

    /// The nodes that nobody doubts, by name: what a [`Quorum`] is counted from. This one is among them.
    pub fn visible_nodes(&self) -> Vec<Arc<Node>> {
        self.view().live().filter(|node| node.is_visible()).cloned().collect()
    }

    /// How many nodes count as members.
    pub fn node_count(&self) -> usize {
        self.view().live_count()
    }

    /// This node's name.
    pub fn local_node_id(&self) -> &NodeId {
        &self.shared.local
    }

    /// The address that gossip listens on, with the port that the system chose if port 0 was asked for.
    pub fn gossip_addr(&self) -> SocketAddr {
        self.shared.gossip_addr
    }

    /// What another node on the same machine can join by.
    pub fn seed(&self) -> Seed {
        let mut addr = self.gossip_addr();
        if let Some(local) = self.view().local() {
            addr = local.gossip_address;
        }
        Seed::gossip(addr)
    }

    /// What happens in the cluster from now on.
    pub fn subscribe(&self) -> Events {
        Events::new(Arc::clone(&self.shared))
    }

    /// Fetches the whole state from another member, as after joining. It happens by itself when differences last; this
    /// is for those who want it now.
    ///
    /// # Errors
    ///
    /// There is no other member, or it could not be asked.
    pub async fn resync(&self) -> Result<(), ResyncError> {
        if self.node_count() <= 1 {
            return Err(ResyncError::Alone);
        }
        let (done, result) = oneshot::channel();
        self.commands.send(Command::Resync(done)).await.map_err(|_| LeftError)?;
        result.await.map_err(|_| LeftError)?
    }

    /// How suspicious the silence of a node is: of one that this node watches, measured here; of one that is suspected,
    /// as measured by the first to suspect it. `None` for any other node.
    pub async fn phi(&self, id: &NodeId) -> Option<f64> {
        self.query(|answer| Command::Phi(id.clone(), answer)).await.flatten()
    }

    /// The times between the last heartbeats of a node, oldest first; empty if this node does not watch it.
    pub async fn heartbeat_history(&self, id: &NodeId) -> Vec<Duration> {
        self.query(|answer| Command::Heartbeats(id.clone(), answer)).await.unwrap_or_default()
    }

    /// Waits until a view satisfies `condition`, and returns it; at once if the newest one does.
    ///
    /// Views that are replaced at once may be skipped.
    ///
    /// # Errors
    ///
    /// The node has left its cluster.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait_until(&self, mut condition: impl FnMut(&View) -> bool) -> Result<Arc<View>, LeftError> {
        let mut changes = self.shared.changes();
        loop {
            changes.mark_unchanged();
            let view = self.view();
            if condition(&view) {
                return Ok(view);
            }
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| LeftError)?,
                () = self.ended() => return Err(LeftError),
            }
        }
    }

    /// Waits until a node has failed or left, and returns what is known of it.
    ///
    /// A node that nobody knows has not failed: this waits until it comes and goes.
    ///
    /// # Errors
    ///
    /// This node has left its cluster.
    pub async fn wait_for_failure(&self, id: &NodeId) -> Result<Arc<Node>, LeftError> {
        let mut found = None;
        self.wait_until(|view| {
            found = view.get(id).filter(|node| !node.is_live()).cloned();
            found.is_some()
        })
        .await?;
        found.ok_or(LeftError)
    }

    /// Whether enough nodes are visible. See [`Quorum`] for what that is worth.
    pub fn has_quorum(&self, quorum: Quorum) -> bool {
        quorum.is_reached_by(self.visible_nodes().len())
    }

    /// Waits until enough nodes are visible.
    ///
    /// # Errors
    ///
    /// This node has left its cluster.
    pub async fn wait_for_quorum(&self, quorum: Quorum) -> Result<(), LeftError> {
        let visible = |view: &View| view.live().filter(|node| node.is_visible()).count();
        self.wait_until(|view| quorum.is_reached_by(visible(view))).await.map(drop)
    }

    /// The state as it is now, to write down.
    pub fn snapshot(&self) -> ClusterSnapshot {
        ClusterSnapshot::of(&self.view(), self.shared.local.as_str(), self.datagram_counters())
    }

    /// What happened to datagrams since the node started.
    pub fn datagram_counters(&self) -> DatagramCounters {
        *self.shared.counters.lock()
    }

    /// Accepts another cluster key, besides those that it has; see [`Keyring`](crate::Keyring) for how keys are
    /// changed.
    ///
    /// # Errors
    ///
    /// The ring is full, or the node was started without a key.
    pub fn install_key(&self, key: ClusterKey) -> Result<KeyId, KeyringError> {
        self.shared.want(|wanted| wanted.keyring.as_mut().ok_or(KeyringError::NoKeyring)?.install(key))
    }

    /// Seals with another key of the ring.
    ///
    /// # Errors
    ///
    /// The key is not in the ring.
    pub fn use_key(&self, id: KeyId) -> Result<(), KeyringError> {
        self.shared.want(|wanted| wanted.keyring.as_mut().ok_or(KeyringError::NoKeyring)?.use_key(id))
    }

    /// Accepts a key no longer.
    ///
    /// # Errors
    ///
    /// The key is in use, or not in the ring.
    pub fn remove_key(&self, id: KeyId) -> Result<(), KeyringError> {
        self.shared.want(|wanted| wanted.keyring.as_mut().ok_or(KeyringError::NoKeyring)?.remove(id))
    }

    /// The keys that it accepts; the one that it seals with comes first.
    pub fn keys(&self) -> Vec<KeyId> {
        self.shared.wanted().keyring.map_or_else(Vec::new, |keyring| keyring.ids())
    }

    pub(crate) async fn health(&self, id: Option<NodeId>) -> Vec<NodeHealth> {
        self.query(|answer| Command::Health(id, answer)).await.unwrap_or_default()
    }

    pub(crate) fn wanted(&self) -> Wanted {
        self.shared.wanted()
    }

    pub(crate) fn want<T, E>(&self, change: impl FnOnce(&mut Wanted) -> Result<T, E>) -> Result<T, E> {
        self.shared.want(change)
    }

    async fn query<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.ok()?;
        answered.await.ok()
    }

    /// Resolves once the driver has ended.
    async fn ended(&self) {
        let mut ended = self.shared.ended.subscribe();
        // The sender lives as long as `self` does.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

impl fmt::Debug for ClusterMembership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterMembership")
            .field("local_node_id", self.local_node_id())
            .field("gossip_addr", &self.gossip_addr())
            .field("node_count", &self.node_count())
            .finish_non_exhaustive()
    }
}

/// Long enough for a few repetitions, and for a name service that is slow.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);
