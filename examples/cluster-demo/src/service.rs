//! The contract between callers and workers.

use serde::{Deserialize, Serialize};

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WorkError {
    /// The result is too large a number.
    TooLarge,
}

/// Takes a while, and answers the square of the number, so that its caller can tell whose answer it is.
#[rpcnet::service]
pub(crate) trait Work {
    /// May be made twice.
    #[rpc(idempotent)]
    async fn compute(&self, number: u64) -> Result<u64, WorkError>;

    /// Must not be made twice.
    async fn order(&self, number: u64) -> Result<u64, WorkError>;
}
