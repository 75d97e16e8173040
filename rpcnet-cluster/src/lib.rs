//! Clusters of rpcnet servers: who is there, who is not, and who works well.
//!
//! [`membership`] is the heart: a SWIM protocol as a pure state machine, without sockets or clocks.

pub mod membership;

#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation;
