//! Calls to whichever worker can take them.

mod attempt;
mod builder;
mod channel;
mod group;
mod hedge;
mod hedges;
mod keeper;
mod link;
mod observer;
mod past;
mod resilience;
mod shared;
mod streaming;
mod unary;
mod verdict;

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use rpcnet::{ClientConfig, ErrorKind, Executed, RpcError, Target};

pub use builder::ClusterClientBuilder;
pub use channel::ClusterChannel;
pub use observer::{AttemptEvent, AttemptResult, Observer, WorkerEvent};

use crate::{
    IntoFilter, NodeId,
    balance::{Roster, Worker},
    source::{WorkerSource, WorkerUpdates},
};
use builder::Settings;
use keeper::Keeper;
use shared::{Handle, Shared};

/// Calls to the workers of a cluster: each goes to one of those that a filter names, and to another one where that fails and is safe.
/// Cloning is cheap.
///
/// [`channel`](Self::channel) gives a generated client a place to call, streams included; [`call_worker`](Self::call_worker)
/// makes raw calls. Who the workers are says a [`WorkerSource`]: gossip, a list, DNS, or one's own.
///
/// ```
/// # mod greeting {
/// #[rpcnet::service]
/// pub trait Greeting {
///     #[rpc(idempotent, deadline = "2s")]
///     async fn greet(&self, name: String) -> Result<String, String>;
/// }
/// # }
/// # use greeting::*;
/// # struct MyGreeting;
/// # impl Greeting for MyGreeting {
/// #     async fn greet(&self, name: String) -> Result<String, String> { Ok(format!("Hello, {name}!")) }
/// # }
/// use rpcnet::{ClientConfig, Server, ServerConfig};
/// use rpcnet_cluster::{ClusterClient, ClusterConfig, ClusterMembership, ServerBuilderExt};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let director = ClusterMembership::new(ClusterConfig::builder().build()?).await?;
/// let config = ClusterConfig::builder().with_tag("role", "worker").with_gossip_port(0).build()?;
/// let worker = Server::builder(ServerConfig::development().build()?)
///     .service(GreetingServer::new(MyGreeting))
///     .enable_cluster(config)
///     .start()
///     .await?;
/// worker.cluster().join([director.seed()]).await?;
///
/// let cluster = ClusterClient::new(director, ClientConfig::development().build()?);
/// let channel = cluster.channel("role=worker");
/// channel.ready().await?;
/// let greeting = GreetingClient::new(channel);
/// assert_eq!(greeting.greet("World".into()).await?, "Hello, World!");
/// # Ok(()) }
/// ```
///
/// # What becomes of a call
///
/// It goes to the worker that the [strategy](ClusterClientBuilder::with_strategy) picks among those that are connected. Suspected and degraded
/// workers, those that fail more than others, and those that are draining get it only where there is nobody better.
///
/// If that worker refuses it, or is lost with it, it goes to another one within the same call, and never to one that it was at
/// before, as long as there is one, the deadline has not passed, and
///
/// | what happened | the call is made elsewhere |
/// |---|---|
/// | it never left this process, or its worker goes away | always |
/// | its worker has too much to do, and refused it | if the retry budget allows it, and three attempts at most |
/// | it was sent and got no answer | the same, and only if the method is `idempotent` |
/// | the handler answered, were it with an error; or the deadline passed | never |
///
/// So a call of a method that is not `idempotent` runs once at most. What the caller gets in the end says by
/// [`RpcError::executed`] whether any handler may have run, and by [`RpcError::peer`] who was asked last.
///
/// Where nobody is connected, a call waits for the first attempt to connect, and fails with
/// [`ErrorKind::NoWorker`] once that has failed; or it waits on, if the configuration
/// [says so](rpcnet::ClientConfigBuilder::with_wait_for_ready). It does not wait for a worker that was sent it in vain. Where all
/// workers have as many calls under way as they take at once, it waits for room.
///
/// # Streams
///
/// A streaming call is tied to the worker that it was begun at. One with a single request is begun elsewhere if its worker
/// refuses it; and if its method is `idempotent`, also if the worker is lost before its handler has begun to answer. From then on
/// a worker that is lost ends the stream with an error. Its last item says so: [`RpcError::executed`] is `Yes`, and
/// [`RpcError::peer`] names the worker. To go on where it broke off, give the method an argument that says where to begin, and
/// call again:
///
/// ```
/// # mod story {
/// # use rpcnet::prelude::*;
/// #[rpcnet::service]
/// pub trait Story {
///     /// The tokens of a story, from this one on.
///     #[rpc(idempotent)]
///     async fn tokens(&self, from: u64) -> Result<impl Stream<Item = Result<String, String>>, String>;
/// }
/// # }
/// # use story::*;
/// use rpcnet::{CallError, ErrorKind, prelude::*};
///
/// async fn read(client: StoryClient<rpcnet_cluster::ClusterChannel>) -> Result<Vec<String>, CallError<String>> {
///     let mut read = Vec::new();
///     loop {
///         let mut tokens = client.tokens(read.len() as u64).await?;
///         loop {
///             match tokens.next().await {
///                 Some(Ok(token)) => read.push(token),
///                 Some(Err(CallError::Rpc(error))) if is_lost(&error) => break,
///                 Some(Err(error)) => return Err(error),
///                 None => return Ok(read),
///             }
///         }
///     }
/// }
///
/// /// Whether the worker is gone: its connection was lost, or it has said with its last words that it stops.
/// fn is_lost(error: &rpcnet::RpcError) -> bool {
///     matches!(error.kind(), ErrorKind::Connection | ErrorKind::Stream | ErrorKind::Truncated)
/// }
/// ```
///
/// # Connections
///
/// One to each worker that some filter names, made ahead of the calls, and made anew when it is lost: at once, and then with
/// pauses of up to half a second. A filter counts as long as some channel has it, and then until there are 128 others. When
/// a worker leaves its cluster or fails, or no filter or subset has it any more, its connection takes no more calls and is
/// closed when the last one has ended. When the source knows a later [run](crate::WorkerInfo::generation) of a worker at the same
/// address, the connection to the earlier one is closed at once: calls under way are lost with it, as in the table above.
#[derive(Clone)]
pub struct ClusterClient {
    handle: Arc<Handle>,
}

impl ClusterClient {
    /// Calls the workers that `source` knows, with the default settings.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn new(source: impl WorkerSource, config: ClientConfig) -> Self {
        Self::builder(source, config).start()
    }

    /// Starts to set up a client of the workers that `source` knows. `config` says how to connect to each of them, and the default
    /// deadline; its pauses between attempts to connect do not count.
    pub fn builder<S: WorkerSource>(source: S, config: ClientConfig) -> ClusterClientBuilder<S> {
        ClusterClientBuilder::new(source, config)
    }

    fn run(source: impl WorkerSource, config: ClientConfig, settings: Settings) -> Self {
        let shared = Arc::new(Shared::new(config, settings));
        let (updates, known) = WorkerUpdates::new();
        let keeper = Keeper::new(Arc::clone(&shared), known, Roster::new(random()));
        let keeper = tokio::spawn(keeper.run()).abort_handle();
        let source = tokio::spawn(source.run(updates)).abort_handle();
        Self { handle: Arc::new(Handle { shared, keeper, source }) }
    }

    /// The workers that `filter` names, as one place to call: for `GreetingClient::new(cluster.channel("role=worker"))`.
    ///
    /// Connections to them are made at once. A text that is no filter fails every call, with
    /// [`ErrorKind::Configuration`].
    pub fn channel(&self, filter: impl IntoFilter) -> ClusterChannel {
        ClusterChannel::new(Arc::clone(&self.handle), filter.into_filter())
    }

    /// Calls the method `method` with raw bytes at one of the workers that `filter` names, and returns the bytes that it answers.
    ///
    /// The text of a filter is parsed at each call; a [`channel`](Self::channel) does it once.
    ///
    /// # Errors
    ///
    /// As for [`ClusterChannel::call`].
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the call is cancelled at its worker.
    pub async fn call_worker(
        &self,
        method: &str,
        data: impl Into<Bytes>,
        filter: impl IntoFilter,
    ) -> Result<Bytes, RpcError> {
        let channel = ClusterChannel::for_call(Arc::clone(&self.handle), filter.into_filter());
        channel.call(method, data).await
    }

    /// All workers that the source knows, by name, whether they are connected or not.
    pub fn workers(&self) -> Vec<Worker> {
        self.handle.shared.workers.load().to_vec()
    }
}

impl fmt::Debug for ClusterClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterClient").field("workers", &self.workers()).finish_non_exhaustive()
    }
}

fn unreachable(target: &Target, within: Duration) -> RpcError {
    let message = format!(
        "{target}: no connection came about within {within:?}; does a server run there, and does UDP get through?"
    );
    RpcError::of_channel(ErrorKind::Connection, Executed::No, message)
}

fn restarted(worker: &NodeId) -> RpcError {
    let message = format!("{worker} has started anew at the same address, so the run that had the call is gone");
    RpcError::of_channel(ErrorKind::Connection, Executed::Maybe, message)
}

fn full(worker: &NodeId) -> RpcError {
    let message = format!("{worker} takes no more calls at once than are under way");
    RpcError::of_channel(ErrorKind::Overloaded, Executed::No, message)
}

fn too_late() -> RpcError {
    let message = "the deadline passed before a worker was there to take the call";
    RpcError::of_channel(ErrorKind::DeadlineExceeded, Executed::No, message)
}

/// For pauses and the seed of picks: nothing that must be kept from anybody.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// From 0 to 1.
fn unit() -> f64 {
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}
