//! What the expansion of `#[rpcnet::service]` names, and nobody else. Not part of the public API: it changes with the
//! macro, which is always of the same version.

pub use core::{
    clone::Clone,
    fmt::{Debug, Formatter, Result as FmtResult},
    future::Future,
    marker::{Send, Sync},
    option::Option,
    result::Result,
    time::Duration,
};
pub use std::{convert::Into, sync::Arc};

pub use crate::{
    __fits as fits, AnswerMetadata, CallResult, Client, ClientConfig, Metadata, Method, Outcome, Requests, RpcError,
    ServerConfig, ServiceDescriptor, StreamResult, Target,
    channel::{Caller, Channel},
    service::{IncomingCall, Reply, Service},
    signature::{Checked, OutputOf, OwnStream, Signature},
};

/// Serves one service until the server is stopped.
pub async fn serve<S: Service>(service: S, config: ServerConfig) -> Result<(), RpcError> {
    let server = crate::Server::builder(config).service(service).start().await?;
    tracing::info!(addr = %server.local_addr(), service = S::DESCRIPTOR.name(), "serving");
    server.stopped().await;
    Ok(())
}
