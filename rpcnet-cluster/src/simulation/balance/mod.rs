//! Many callers and many workers under a virtual clock: what balancing is worth.
//!
//! Each caller has its own [`Roster`](crate::balance::Roster), budgets and detectors, and knows nothing of the others but what
//! workers report. All of that is the code that ships. Calls and how much work each is come from the seed alone, so every
//! system gets the same ones.

mod caller;
mod figures;
mod scenarios;
mod service;
mod system;
mod trace;
mod workers;
mod world;

pub use self::{
    figures::{Bar, Figure},
    scenarios::{Scenario, Stage},
    service::Service,
    system::System,
    workers::Ailment,
    world::{Outcomes, Setup, World},
};
