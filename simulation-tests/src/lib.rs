//! The whole of rpcnet, client and server, over a network that is simulated and bad.
//!
//! A seed stands for a [`Plan`]: a network, faults, and calls. [`run`] lets them happen, in virtual time, and says which
//! promises were broken. What handlers did is written down in a [`Ledger`] that no crash can reach.
//!
//! How it is used: `tests/seeds.rs`.
#![allow(missing_docs, reason = "for its own tests alone, and its fields say what they are")]

mod caller;
mod check;
mod ledger;
mod plan;
mod service;
mod world;

pub use check::check;
pub use ledger::{Ended, Ledger, Outcome, Record};
pub use plan::{Call, Fault, Network, Plan, Shape};
pub use world::{Report, run};
