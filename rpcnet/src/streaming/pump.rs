//! Moves a caller's stream of requests into a call.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Poll, ready},
};

use super::{RequestSink, Requests};
use crate::RpcError;

/// Why the caller's own stream gave its call up, for the end that reads the answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure(Arc<OnceLock<RpcError>>);

impl Failure {
    pub(crate) fn set(&self, error: RpcError) {
        // The first one is the cause.
        let _ = self.0.set(error);
    }

    pub(crate) fn get(&self) -> Option<RpcError> {
        self.0.get().cloned()
    }
}

/// Sends `requests` to their end. Requests that are ready together leave together, and none of them waits for one that
/// is not.
///
/// Returns early, and well, when the server takes no more: then the answer says why.
///
/// # Errors
///
/// The requests failed, or one of them can't be sent: the call is to be given up.
pub(crate) async fn pump<T, R: Requests<T>>(
    sink: &mut RequestSink,
    requests: R,
    encode: fn(&T, &mut Vec<u8>) -> Result<(), RpcError>,
) -> Result<(), RpcError> {
    let mut requests = std::pin::pin!(requests);
    let mut ended = false;
    poll_fn(|cx| {
        let mut turn = 0;
        loop {
            if ended || sink.is_full() {
                if ready!(sink.poll_flush(cx)).is_err() || ended {
                    return Poll::Ready(Ok(()));
                }
                turn += 1;
                if turn > TURN_FLUSHES_MAX {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            match Pin::as_mut(&mut requests).poll_request(cx) {
                Poll::Ready(Some(request)) => sink.push(|out| encode(&request?, out))?,
                Poll::Ready(None) => {
                    sink.end();
                    ended = true;
                }
                Poll::Pending => {
                    // Not the end of the world if it has to wait: the task comes back for that, too.
                    return match sink.poll_flush(cx) {
                        Poll::Ready(Err(_)) => Poll::Ready(Ok(())),
                        _ => Poll::Pending,
                    };
                }
            }
        }
    })
    .await
}

/// Requests that are always ready let others run after this many batches.
const TURN_FLUSHES_MAX: usize = 8;
