//! A call that has been handed to its connection: the wait for its answer.

use std::{
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    task::{self, Poll},
};

use tokio::time::{Instant, timeout_at};

use super::lane::PendingCall;
use crate::{RpcError, channel::Answer};

/// The future of an answer. Dropped before it, the call is cancelled; if it has not been sent yet, it is withdrawn.
#[doc(hidden)]
#[must_use = "dropping it cancels the call"]
pub struct SentCall<'a>(Stage<'a>);

enum Stage<'a> {
    /// The waker lies with the request: there is nothing to look at before it wakes.
    JustSent(PendingCall<'a>),
    OnLane(PendingCall<'a>),
    /// For a moment only.
    Left,
    /// Boxed, since few calls are so large and all would be as large as its future.
    Large(Pin<Box<dyn Future<Output = Result<Answer, RpcError>> + Send + 'a>>),
}

impl<'a> SentCall<'a> {
    pub(super) fn on_lane(pending: PendingCall<'a>) -> Self {
        Self(Stage::JustSent(pending))
    }

    /// Waits for the answer until the time that was given as its patience when the call was sent; `None` if it has not come by
    /// then. The call goes on.
    ///
    /// A timer for each such call would cost as much as the rest of the call; the lane has one for all.
    pub async fn answered_by(&mut self, patience: Instant) -> Option<Result<Answer, RpcError>> {
        if let Stage::Large(call) = &mut self.0 {
            return timeout_at(patience, call).await.ok();
        }
        poll_fn(|cx| {
            let just_sent = matches!(self.0, Stage::JustSent(_));
            match Pin::new(&mut *self).poll(cx) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                // Woken without an answer: most likely because it is time.
                Poll::Pending if !just_sent && Instant::now() >= patience => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    pub(super) fn large(call: impl Future<Output = Result<Answer, RpcError>> + Send + 'a) -> Self {
        Self(Stage::Large(Box::pin(call)))
    }
}

impl Future for SentCall<'_> {
    type Output = Result<Answer, RpcError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Stage::OnLane(pending) => Pin::new(pending).poll(cx),
            Stage::Large(call) => call.as_mut().poll(cx),
            just_sent => {
                if let Stage::JustSent(pending) = mem::replace(just_sent, Stage::Left) {
                    *just_sent = Stage::OnLane(pending);
                }
                Poll::Pending
            }
        }
    }
}
