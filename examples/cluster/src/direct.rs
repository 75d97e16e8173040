//! The book's way: the director assigns a worker, and the client talks to that one itself.

use rpcnet::prelude::*;
use tracing::info;

use crate::{
    service::{DirectorClient, DirectorError, InferenceClient, InferenceError},
    tokens::{Origin, Tokens},
};

/// Tokens of the worker that the director assigns.
pub(crate) struct Direct {
    director: DirectorClient,
    config: ClientConfig,
    /// The last worker; when another one is asked for, this one has failed.
    worker: Option<String>,
}

impl Direct {
    pub(crate) fn new(director: DirectorClient, config: ClientConfig) -> Self {
        Self { director, config, worker: None }
    }
}

impl Origin for Direct {
    async fn begin(&mut self, from: u64, last: u64) -> Result<Tokens, CallError<InferenceError>> {
        let assignment = self.director.get_worker(self.worker.take()).await.map_err(|error| match error {
            CallError::Application(DirectorError::NoWorker(reason)) => {
                CallError::Application(InferenceError::NobodyLeft(reason))
            }
            CallError::Rpc(error) => CallError::Rpc(error),
        })?;
        info!("🔀 director assigned {} - establishing direct connection", assignment.label);
        self.worker = Some(assignment.label);
        let worker = InferenceClient::connect(assignment.addr, self.config.clone()).await?;
        info!("✅ direct connection established to worker");
        let tokens = worker.generate(from, last).await?;
        info!("🌊 stream opened successfully, starting to consume responses");
        Ok(tokens)
    }
}
