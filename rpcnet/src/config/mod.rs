//! What a server or client is told before it starts: identities, addresses, limits and timeouts.
//!
//! Builders take anything; `build()` checks everything once. What comes out is valid for good, so that
//! the rest of the crate never checks a setting again.

mod bind;
mod client;
mod connection;
mod error;
mod identity;
mod limits;
mod pem;
mod server;
#[cfg(all(test, feature = "development"))]
pub(crate) mod testing;

pub use bind::BindAddr;
pub use client::{ClientConfig, ClientConfigBuilder};
pub use connection::{CipherSuite, CongestionController};
pub use error::ConfigError;
pub use identity::Identity;
pub use pem::Pem;
pub use server::{ServerConfig, ServerConfigBuilder};

pub(crate) use client::{ClientSettings, Trust};
pub(crate) use connection::ConnectionSettings;
pub(crate) use limits::DEADLINE;
pub(crate) use pem::{PemRole, PemText};
