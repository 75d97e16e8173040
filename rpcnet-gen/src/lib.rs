//! Writes what `#[rpcnet::service]` expands to into files: for code that is committed, read and stepped through, or
//! built by a `build.rs`.
//!
//! A service definition is a Rust file such as `greeting.rpc.rs`: types, and a trait under `#[rpcnet::service]`. For
//! each such trait there is one folder of `mod.rs`, `client.rs`, `server.rs` and `types.rs`. The items in them are those
//! that the macro expands to, token for token, since both come from `rpcnet-codegen`.
//!
//! In a `build.rs`:
//!
//! ```no_run
//! rpcnet_gen::Builder::new()
//!     .input("src/greeting.rpc.rs")
//!     .output("src/generated")
//!     .build()
//!     .expect("a service definition that rpcnet-gen accepts");
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | `input` | reads a service definition, `rules` refuses what would mean something else in the generated files |
//! | `files` | lays out the files of a service, as text |
//! | `tree` | compares them with what is there, and writes |
//! | `builder` | all of it, one input after the other, and `report` tells people what was done |

mod builder;
mod diagnostic;
mod error;
mod files;
mod folder;
mod input;
mod parts;
mod report;
mod rules;
mod tree;

pub use builder::Builder;
pub use error::Error;
pub use parts::Parts;
pub use report::{Report, State};
