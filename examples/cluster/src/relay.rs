//! rpcnet's way: a typed client whose calls reach whichever worker can take them.

use rpcnet::prelude::*;
use rpcnet_cluster::ClusterChannel;

use crate::{
    service::{InferenceClient, InferenceError},
    tokens::{Origin, Tokens},
};

/// Tokens of whichever worker the cluster's strategy picks.
#[derive(Clone)]
pub(crate) struct Relay(pub(crate) InferenceClient<ClusterChannel>);

impl Origin for Relay {
    async fn begin(&mut self, from: u64, last: u64) -> Result<Tokens, CallError<InferenceError>> {
        self.0.generate(from, last).await
    }
}
