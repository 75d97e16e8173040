//! The contracts: what is asked of the director, and what of a worker.

use std::fmt;

use rpcnet::prelude::Stream;
use serde::{Deserialize, Serialize};

/// A worker for a client to connect to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Assignment {
    /// Its name.
    pub(crate) label: String,
    /// Where it takes calls.
    pub(crate) addr: String,
}

/// Why nobody was assigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DirectorError {
    /// There is no worker at the moment.
    NoWorker(String),
}

/// Knows the workers.
#[rpcnet::service]
pub(crate) trait Director {
    /// A worker to connect to. `failed` names one that did not do what it should: others are preferred for a while.
    #[rpc(idempotent, deadline = "2s")]
    async fn get_worker(&self, failed: Option<String>) -> Result<Assignment, DirectorError>;
}

/// One piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    /// Its place, from 1.
    pub(crate) sequence: u64,
    /// What it says.
    pub(crate) text: String,
    /// Who made it.
    pub(crate) worker: String,
}

/// Why there are no more tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum InferenceError {
    /// The worker of this name does not work at the moment.
    WorkerFailed(String),
    /// Nobody is there who could go on, for this reason.
    NobodyLeft(String),
}

/// Makes tokens. Served by the workers, and by the director, which has the workers do it.
#[rpcnet::service]
pub(crate) trait Inference {
    /// The tokens from this one on, up to the last one. Each is the same whoever makes it, so a stream that broke off is
    /// taken up again by asking for the next token.
    async fn generate(
        &self,
        from: u64,
        last: u64,
    ) -> Result<impl Stream<Item = Result<Token, InferenceError>>, InferenceError>;
}

impl fmt::Display for InferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WorkerFailed(label) => write!(f, "{label} has failed"),
            Self::NobodyLeft(reason) => write!(f, "nobody is left who could go on: {reason}"),
        }
    }
}
