//! What others ask of the driver.

use std::{net::SocketAddr, time::Duration};

use tokio::sync::oneshot;

use crate::{NodeHealth, NodeId, ResyncError};

/// What others ask of the driver. Whoever asked may have gone away when the answer comes.
pub(crate) enum Command {
    /// Where seeds take gossip, all that are known.
    Join(Vec<SocketAddr>),
    /// Say goodbye, then end.
    Leave,
    /// How suspicious a node is.
    Phi(NodeId, oneshot::Sender<Option<f64>>),
    /// The times between a node's last heartbeats.
    Heartbeats(NodeId, oneshot::Sender<Vec<Duration>>),
    /// The health of one node, or of all that this one watches.
    Health(Option<NodeId>, oneshot::Sender<Vec<NodeHealth>>),
    /// Fetch the whole state from some member.
    Resync(oneshot::Sender<Result<(), ResyncError>>),
    /// Another core's request over the bulk channel.
    BulkRequest(Vec<u8>, oneshot::Sender<Option<Vec<u8>>>),
    /// The end of this core's request over the bulk channel.
    BulkDone(u64, Result<Vec<u8>, String>),
}
