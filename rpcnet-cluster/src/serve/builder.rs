//! Starts a server and its node, and ends them in the right order.

use std::{fmt, time::Duration};

use rpcnet::{Server, ServerBuilder, Service};
use tokio::time::sleep;

use super::{ClusterServer, DRAIN_NOTICE, EnableClusterError, report::report};
use crate::{BulkService, ClusterConfig, ClusterMembership, ServerBuilderExt, StartError};

/// A server that is to be a member of a cluster, before it starts.
#[must_use = "a builder does nothing until it is started"]
pub struct ClusterServerBuilder {
    server: ServerBuilder,
    config: ClusterConfig,
    drain_notice: Duration,
    reports_load: bool,
}

impl ClusterServerBuilder {
    pub(crate) fn new(server: ServerBuilder, config: ClusterConfig) -> Self {
        Self { server, config, drain_notice: DRAIN_NOTICE, reports_load: true }
    }

    /// Adds a typed service, as [`ServerBuilder::service`] does.
    pub fn service<S: Service>(mut self, service: S) -> Self {
        self.server = self.server.service(service);
        self
    }

    /// How long others have to hear that this server is draining before it refuses calls (default: 300 ms, or a
    /// quarter of the deadline of the [shutdown](Server::shutdown) if that is less).
    pub fn with_drain_notice(mut self, notice: Duration) -> Self {
        self.drain_notice = notice;
        self
    }

    /// Whether the node says how much its server has to do (default: true), for people, and for callers that count
    /// each other's calls: by [`LeastConnections`](crate::LoadBalancingStrategy::LeastConnections) and
    /// [`Affinity`](crate::LoadBalancingStrategy::Affinity).
    ///
    /// It says so by its tag `load`, once a second at most and only when it has changed much: gossip is not the place for more.
    pub fn with_load_reports(mut self, reports: bool) -> Self {
        self.reports_load = reports;
        self
    }

    /// Binds the port, starts to serve, and then joins the cluster by the seeds of the configuration.
    ///
    /// # Errors
    ///
    /// The server or the node could not be started; then neither runs. That no seed answers is no error: the node goes on
    /// trying.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn start(self) -> Result<ClusterServer, EnableClusterError> {
        let bulk = BulkService::new().map_err(EnableClusterError::Randomness)?;
        let server = self.server.cluster(&bulk).start().await?;
        let cluster = join(&self.config.served_at(server.local_addr())?, &bulk).await?;
        follow(&server, &cluster, self.drain_notice);
        if self.reports_load {
            tokio::spawn(report(server.monitor(), cluster.downgrade()));
        }
        Ok(ClusterServer { server, cluster })
    }
}

/// The port above the server's is only where gossip is looked for first: if it is taken, any other will do.
async fn join(config: &ClusterConfig, bulk: &BulkService) -> Result<ClusterMembership, StartError> {
    match ClusterMembership::with_server(config.clone(), bulk).await {
        Err(error @ StartError::Bind { .. }) => match config.with_any_gossip_port() {
            Some(config) => ClusterMembership::with_server(config, bulk).await,
            None => Err(error),
        },
        started => started,
    }
}

/// Tells the cluster what becomes of the server: first that it drains, so that nobody sends it more; in the end that it
/// has left.
fn follow(server: &Server, cluster: &ClusterMembership, notice: Duration) {
    let node = cluster.downgrade();
    server.on_drain(move || async move {
        if let Some(node) = node.upgrade() {
            node.set_draining(true);
            sleep(notice).await;
        }
    });
    let node = cluster.clone();
    server.on_stop(move || async move {
        // It may have left by itself.
        let _ = node.leave().await;
    });
    let node = cluster.downgrade();
    server.ready_when("cluster", move || match node.upgrade() {
        Some(node) if node.is_joined() => Ok(()),
        Some(_) => Err("no member of the cluster has taken this node in".to_owned()),
        None => Err("the node has left its cluster".to_owned()),
    });
}

impl fmt::Debug for ClusterServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterServerBuilder")
            .field("server", &self.server)
            .field("drain_notice", &self.drain_notice)
            .finish_non_exhaustive()
    }
}
