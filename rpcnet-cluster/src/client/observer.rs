//! What happens to calls and workers, for those who want to see it.

use std::time::Duration;

use rpcnet::RpcError;

use crate::NodeId;

/// Sees what happens to the calls of a [`ClusterClient`](crate::ClusterClient), and to its workers: for metrics, for logs, for a
/// live picture.
///
/// Its methods are called where it happens, on the path of calls: they must return soon. The default of each does
/// nothing. Without an observer nothing is measured for it.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use rpcnet_cluster::{AttemptEvent, Observer};
///
/// #[derive(Default)]
/// struct Retries(AtomicU64);
///
/// impl Observer for Retries {
///     fn on_attempt(&self, attempt: &AttemptEvent<'_>) {
///         if attempt.number > 1 {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// An attempt of a call has ended: with an answer, without one, or because another attempt was faster.
    fn on_attempt(&self, attempt: &AttemptEvent<'_>) {
        let _ = attempt;
    }

    /// Something has changed about a worker.
    fn on_worker(&self, event: &WorkerEvent<'_>) {
        let _ = event;
    }
}

/// One attempt of one call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AttemptEvent<'a> {
    /// The method, as it is named on the wire.
    pub method: &'a str,
    /// Who was asked.
    pub worker: &'a NodeId,
    /// 1 for the first attempt of the call.
    pub number: u32,
    /// It was made because the one before was slow, not because it had failed.
    pub hedge: bool,
    /// How long it took, until its answer or its failure; for a stream, until the handler began to answer.
    pub elapsed: Duration,
    /// What came of it.
    pub result: AttemptResult<'a>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum AttemptResult<'a> {
    /// The handler's answer, its own error among them.
    Answered,
    /// It failed. The call is made again elsewhere if that is safe.
    Failed(&'a RpcError),
    /// Another attempt was faster, or the caller lost interest.
    Cancelled,
}

/// What changes about a worker.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum WorkerEvent<'a> {
    /// There is a connection: it gets calls from here on.
    #[non_exhaustive]
    Connected {
        /// Who.
        worker: &'a NodeId,
    },
    /// The connection was lost, the worker goes away, or no filter or subset has it any more: it gets no calls until there is another
    /// connection.
    #[non_exhaustive]
    Disconnected {
        /// Who.
        worker: &'a NodeId,
    },
    /// An attempt to connect failed. There will be others.
    #[non_exhaustive]
    Unreachable {
        /// Who.
        worker: &'a NodeId,
        /// Why.
        error: &'a RpcError,
    },
    /// Its source knows it no longer: it left or failed.
    #[non_exhaustive]
    Gone {
        /// Who.
        worker: &'a NodeId,
    },
    /// It fails more than the others and gets no calls for a while.
    #[non_exhaustive]
    Ejected {
        /// Who.
        worker: &'a NodeId,
    },
}
