//! The side of the bulk channel that answers.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use rpcnet::{Context, RpcError, ServerBuilder};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::Instant,
};

use super::{
    BULK_METHOD, REQUEST_BYTES_MAX,
    link::Welcome,
    seal::{self, Kind, SealError, Tickets},
};
use crate::{ClusterConfig, ClusterServerBuilder, datagram::is_loopback, driver::Command, shared::Shared};

/// What a node's rpcnet server does for its cluster: it gives state to other members, and tells joiners where the node
/// takes gossip. Cloning is cheap, and all clones are one.
///
/// Make it first, [add it](ServerBuilderExt::cluster) to the server, start the server, and then start the membership
/// [with it](crate::ClusterMembership::with_server), which needs the server's address. Until then it refuses.
///
/// ```
/// use rpcnet::{Server, ServerConfig};
/// use rpcnet_cluster::{BulkService, ClusterConfig, ClusterMembership, ServerBuilderExt};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bulk = BulkService::new()?;
/// let server = Server::builder(ServerConfig::development().build()?).cluster(&bulk).start().await?;
/// let config = ClusterConfig::builder().with_bind_addr(server.local_addr()).build()?;
/// let cluster = ClusterMembership::with_server(config, &bulk).await?;
/// # cluster.leave().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct BulkService {
    inner: Arc<Inner>,
}

/// Adds a cluster's part to a server.
pub trait ServerBuilderExt {
    /// Lets the server answer for its node in the cluster.
    #[must_use = "a builder does nothing until it is started"]
    fn cluster(self, bulk: &BulkService) -> Self;

    /// Makes the server a member of a cluster, for as long as it runs.
    ///
    /// Its node publishes the server's address and the configuration's tags, joins by the configuration's seeds, and says how much
    /// the server has to do. When the server is [shut down](rpcnet::Server::shutdown), it first says that it is draining, so that
    /// nobody sends it more; then its clients are told to go away, and what is in flight ends; and last it leaves.
    ///
    /// The server's address replaces the configuration's [bind address](crate::ClusterConfigBuilder::with_bind_addr). Gossip listens at
    /// the next port, unless the configuration says otherwise, or at any other if that is taken.
    ///
    /// ```
    /// use rpcnet::{Server, ServerConfig};
    /// use rpcnet_cluster::{ClusterConfig, ServerBuilderExt};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = ClusterConfig::builder().with_tag("role", "worker").build()?;
    /// let server = Server::builder(ServerConfig::development().build()?).enable_cluster(config).start().await?;
    /// assert_eq!(server.cluster().get_tag("role").as_deref(), Some("worker"));
    /// server.shutdown(Duration::from_secs(1)).await;
    /// # Ok(()) }
    /// ```
    fn enable_cluster(self, config: ClusterConfig) -> ClusterServerBuilder;
}

struct Inner {
    node: OnceLock<Attached>,
    tickets: Tickets,
    started: Instant,
    /// Requests that may be under way at once.
    turns: Semaphore,
    refused: AtomicU64,
}

/// The node that the service answers for.
struct Attached {
    shared: Arc<Shared>,
    commands: mpsc::WeakSender<Command>,
    gossip_addr: SocketAddr,
}

impl BulkService {
    /// A service that does not answer for any node yet.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub fn new() -> Result<Self, std::io::Error> {
        let tickets = Tickets::new().map_err(std::io::Error::other)?;
        let (node, turns, refused) = (OnceLock::new(), Semaphore::new(TURNS), AtomicU64::new(0));
        Ok(Self { inner: Arc::new(Inner { node, tickets, started: Instant::now(), turns, refused }) })
    }

    /// How many messages were refused: forged, with a foreign key, or too old. They had no effect.
    pub fn refused(&self) -> u64 {
        self.inner.refused.load(Ordering::Relaxed)
    }

    /// Answers for this node from now on. The first node counts.
    pub(crate) fn attach(&self, shared: &Arc<Shared>, commands: mpsc::WeakSender<Command>, gossip_addr: SocketAddr) {
        let attached = Attached { shared: Arc::clone(shared), commands, gossip_addr };
        if self.inner.node.set(attached).is_err() {
            tracing::warn!("a bulk service answers for one node, and this one has another already");
        }
    }

    /// The answer to one message.
    pub(crate) async fn answer(self, message: Bytes) -> Result<Vec<u8>, RpcError> {
        let peer = Context::current().and_then(|context| context.peer_addr());
        let Some(node) = self.inner.node.get() else {
            return Err(RpcError::application("not a member yet"));
        };
        // What does not fit under the limit is refused, not queued: whoever asks tries another node.
        let Ok(_turn) = self.inner.turns.try_acquire() else {
            return Err(RpcError::application("busy"));
        };
        let keyring = node.shared.wanted().keyring;
        let is_far = peer.is_some_and(|peer| !is_loopback(peer));
        if message.len() > REQUEST_BYTES_MAX || (keyring.is_none() && is_far) {
            return Err(self.refuse(SealError::Malformed));
        }
        if let Ok(hello) = seal::open(keyring.as_ref(), Kind::Hello, &[], &message) {
            let ticket = self.inner.tickets.issue(self.inner.started.elapsed());
            let welcome = Welcome { ticket, gossip_addr: node.gossip_addr }.encode();
            let sealed = seal::seal(keyring.as_ref(), Kind::Welcome, hello.salt.as_bytes(), &welcome);
            return sealed.map(|(answer, _)| answer).map_err(|error| self.refuse(error));
        }
        let tickets = self.inner.tickets.current(self.inner.started.elapsed());
        let open = |ticket: &Vec<u8>| seal::open(keyring.as_ref(), Kind::Request, ticket, &message);
        let request = open(&tickets[0]).or_else(|_| open(&tickets[1])).map_err(|error| self.refuse(error))?;
        let answer = node.ask(request.body).await.ok_or_else(|| RpcError::application("no answer"))?;
        let sealed = seal::seal(keyring.as_ref(), Kind::Answer, request.salt.as_bytes(), &answer);
        sealed.map(|(answer, _)| answer).map_err(|error| self.refuse(error))
    }

    fn refuse(&self, error: SealError) -> RpcError {
        self.inner.refused.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(%error, "a bulk message was refused");
        // A stranger is not told why.
        RpcError::application("refused")
    }
}

impl Attached {
    /// The core's answer, if the driver still runs and the core understands the request.
    async fn ask(&self, request: Vec<u8>) -> Option<Vec<u8>> {
        let (answer, answered) = oneshot::channel();
        self.commands.upgrade()?.send(Command::BulkRequest(request, answer)).await.ok()?;
        answered.await.ok()?
    }
}

impl ServerBuilderExt for ServerBuilder {
    fn cluster(self, bulk: &BulkService) -> Self {
        let bulk = bulk.clone();
        self.register(BULK_METHOD, move |message| bulk.clone().answer(message))
    }

    fn enable_cluster(self, config: ClusterConfig) -> ClusterServerBuilder {
        ClusterServerBuilder::new(self, config)
    }
}

impl fmt::Debug for BulkService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkService")
            .field("is_attached", &self.inner.node.get().is_some())
            .field("refused", &self.refused())
            .finish_non_exhaustive()
    }
}

/// Each may hold megabytes.
const TURNS: usize = 16;
