//! Clusters of rpcnet servers: who is there, who is not, and who works well.
//!
//! A node starts with [`ClusterMembership::new`], joins others by seeds, and from then on sees the cluster as a
//! [`View`] that follows what happens, within seconds. [`ClusterEvent`]s tell of each change. [`NodeRegistry`] and
//! [`WorkerRegistry`] find nodes by their tags.
//!
//! ```
//! use rpcnet_cluster::{ClusterConfig, ClusterMembership, WorkerRegistry};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let director = ClusterMembership::new(ClusterConfig::builder().build()?).await?;
//!     let registry = WorkerRegistry::new(director.clone());
//!     registry.start();
//!
//!     let config = ClusterConfig::builder().with_node_id("worker-1").with_tag("role", "worker").build()?;
//!     let worker = ClusterMembership::new(config).await?;
//!     worker.join([director.seed()]).await?;
//!
//!     director.wait_until(|view| view.live_count() == 2).await?;
//!     assert_eq!(registry.select_worker("role=worker")?.label(), "worker-1");
//!     worker.leave().await?;
//!     Ok(())
//! }
//! ```
//!
//! # Rooms
//!
//! | | |
//! |---|---|
//! | [`membership`] | the protocol, a pure state machine: SWIM, phi accrual, suspicion, gossip, repair |
//! | `datagram` | sealed envelopes, pure too: nothing forged, replayed or misdirected reaches the protocol |
//! | `driver` | socket, clock, name service; the view that readers see |
//! | `bulk` | state that is too large for datagrams, over an rpcnet connection |
//! | `registry` | nodes and workers by their tags |
//! | [`balance`] | which worker takes a call, and what to do when it fails; pure, too |

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
#[path = "fuzzing.rs"]
pub mod __fuzzing;
pub mod balance;
mod bulk;
mod cluster;
mod config;
mod datagram;
mod driver;
mod error;
mod events;
mod health;
pub mod membership;
mod node;
mod quorum;
mod registry;
mod shared;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation;
mod snapshot;
mod view;

pub use balance::{Balancer, CallGuard, LoadBalancingStrategy, Worker, WorkerInfo};
pub use bulk::{BulkService, ServerBuilderExt};
pub use cluster::ClusterMembership;
pub use config::{Address, ClusterConfig, ClusterConfigBuilder, ConfigError, HealthCheckConfig, Profile, Seed};
pub use datagram::{ClusterKey, DatagramCounters, KeyId, Keyring, KeyringError, ParseKeyError};
pub use error::{ClusterError, JoinError, LeftError, ResyncError, StartError};
pub use events::{ClusterEvent, Events};
pub use health::{HealthChecker, NodeHealth};
pub use membership::{MemberState, NodeId, TagError, Tags};
pub use node::Node;
pub use quorum::Quorum;
pub use registry::{Filter, FilterError, IntoFilter, NodeRegistry, SelectError, WorkerRegistry};
pub use snapshot::{ClusterSnapshot, NodeSnapshot};
pub use view::View;
