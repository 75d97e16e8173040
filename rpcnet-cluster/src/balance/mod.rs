//! Which worker takes a call, and what to do when it fails: pure, without IO, clock or lock.
//!
//! A source of workers says who is there ([`WorkerInfo`]); a [`Roster`] keeps what was experienced with each; the
//! [`Worker`]s that a filter names are prepared once as [`Candidates`]; each call [picks](Candidates::pick) one of them by a
//! [`Balancer`], such as a [`LoadBalancingStrategy`], counts itself there ([`Worker::begin_timed_call`]), and says how it
//! ended ([`TimedCall::end`]).
//!
//! ```
//! use rpcnet_cluster::{balance::*, membership::{NodeId, Time}};
//! use std::time::Duration;
//!
//! let mut roster = Roster::new(7);
//! let info = |name: &str| Ok::<_, Box<dyn std::error::Error>>(WorkerInfo::new(NodeId::new(name)?, "127.0.0.1:8948".parse()?));
//! let workers = roster.update(Time::ZERO, [info("one")?, info("two")?]);
//! let candidates = Candidates::new(workers.iter().cloned(), &CandidateOptions::default());
//!
//! let now = Time::ZERO + Duration::from_millis(20);
//! let worker = candidates.pick(&LoadBalancingStrategy::PowerOfTwo, &PickRequest::new(now)).ok_or("no workers")?;
//! let call = worker.begin_timed_call(now);
//! call.end(now + Duration::from_millis(3), Outcome::Success);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Time is the caller's, as in [`membership`](crate::membership): any clock that never goes back.

mod affinity;
mod balancer;
mod breaker;
mod budget;
mod call;
mod candidates;
mod cursor;
mod experience;
mod hedging;
mod info;
mod latency;
mod least;
mod load;
mod outlier;
mod pool;
mod quantile;
mod random;
mod roster;
mod shedding;
mod strategy;
mod subset;
mod survey;
mod tag;
#[cfg(test)]
mod tests;
mod tried;
mod weights;
mod window;
mod worker;
mod zones;

pub use balancer::{Balancer, PickRequest};
pub use budget::RetryBudget;
pub(crate) use call::BorrowedCall;
pub use call::{CallGuard, Outcome, TimedCall};
pub use candidates::{CandidateOptions, Candidates};
pub(crate) use hedging::Grant;
pub use hedging::Hedging;
pub use info::WorkerInfo;
pub use load::LoadReport;
pub use outlier::OutlierDetector;
pub use random::affinity_key;
pub use roster::Roster;
pub use shedding::Shedding;
pub use strategy::LoadBalancingStrategy;
pub use subset::Subset;
pub use tried::Tried;
pub use worker::Worker;
