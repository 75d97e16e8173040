//! Registries: the nodes of a cluster by what they are good for.

mod filter;
mod nodes;
mod workers;

pub use filter::{Filter, FilterError, IntoFilter};
pub use nodes::NodeRegistry;
pub use workers::{SelectError, WorkerRegistry};
