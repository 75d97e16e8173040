//! What a caller reads a streamed answer from.

use std::{
    borrow::Cow,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use bytes::Bytes;
use futures::Stream;
use tokio::{
    task::JoinHandle,
    time::{Instant, Sleep, sleep_until},
};

use super::{Event, Failure, RequestSink, ResponseReceiver};
use crate::{
    AnswerMetadata, CallError, ErrorKind, Executed, RpcError,
    channel::{Answer, OutgoingStream},
    client::deadline_exceeded,
    codec::{Body, Cursor, unpinned},
    error::executed_by,
    proto::Status,
    signature::WireOutcome,
};

/// A streamed answer as raw bytes: a [`Stream`] of `Result<Bytes, RpcError>`.
///
/// What [`ResponseStream`] says about ends holds here, too. The handler's own error is one of
/// [`ErrorKind::Application`], with the error's bytes as its [`body`](RpcError::body).
#[must_use = "dropping it cancels the call"]
pub struct RawResponseStream {
    method: Cow<'static, str>,
    /// Whom the call was sent to, where that was chosen among several.
    peer: Option<Arc<str>>,
    /// `None` once the call is over.
    live: Option<Live>,
}

/// A call whose answer is being streamed.
struct Live {
    receiver: ResponseReceiver,
    /// An event that came before somebody asked for items.
    first: Option<Event>,
    requests: RequestsOf,
    /// Why the requests of this call failed, if they did.
    failure: Failure,
    deadline: Option<Instant>,
    overdue: Option<Pin<Box<Sleep>>>,
}

/// Where a call's requests come from, which also keeps them open: the server takes their end as the caller's.
#[expect(clippy::large_enum_variant, reason = "one for a call, and most are the large one")]
pub(crate) enum RequestsOf {
    /// They were all sent.
    Sent(RequestSink),
    /// A task sends them.
    Pumped(Pump),
}

/// A task that sends requests. Dropped, it stops, which gives the call up.
pub(crate) struct Pump(pub(crate) JoinHandle<Option<RequestSink>>);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl RequestsOf {
    /// The call is over.
    fn finish(self) {
        match self {
            Self::Sent(sink) => sink.finish(),
            // It stops, and what it had not sent nobody wants.
            Self::Pumped(pump) => drop(pump),
        }
    }
}

impl RawResponseStream {
    /// Waits until the handler has begun to stream, or failed.
    pub(crate) async fn open(
        method: Cow<'static, str>,
        mut receiver: ResponseReceiver,
        requests: RequestsOf,
        failure: Failure,
        call: &OutgoingStream,
    ) -> Result<Self, RpcError> {
        let peer = receiver.peer();
        let first = Self::first_event(&mut receiver, requests, &failure, &call.answered).await;
        let (first, requests) = first.map_err(|error| error.at_peer(peer.clone()))?;
        let live = Live { receiver, first, requests, failure, deadline: call.deadline, overdue: None };
        Ok(Self { method, peer, live: Some(live) })
    }

    async fn first_event(
        receiver: &mut ResponseReceiver,
        requests: RequestsOf,
        failure: &Failure,
        answered: &Option<AnswerMetadata>,
    ) -> Result<(Option<Event>, RequestsOf), RpcError> {
        let first = match poll_fn(|cx| receiver.poll_event(cx)).await {
            Ok(Event::Started(fields)) => {
                tell(answered, Some(&fields.metadata));
                None
            }
            Ok(Event::End(answer)) if answer.status != Status::Ok => {
                tell(answered, answer.metadata.as_deref());
                requests.finish();
                let cause = failure.get().map(|cause| cause.with_executed(executed_by(answer.status)));
                return Err(cause.unwrap_or_else(|| RpcError::from_status(answer.status, answer.message.into_bytes())));
            }
            Ok(event) => Some(event),
            Err(error) => return Err(failure.get().unwrap_or(error)),
        };
        Ok((first, requests))
    }

    /// Names the call, and whom it was sent to.
    fn named(&self, error: RpcError) -> RpcError {
        error.in_call(self.method.clone()).at_peer(self.peer.clone())
    }

    /// The next item, if it has arrived whole.
    fn item_in_place<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        match &mut self.live {
            Some(Live { receiver, first: None, .. }) => receiver.item_in_place(read),
            _ => None,
        }
    }

    fn fail(&mut self, error: RpcError) -> Poll<Option<Result<Body, RpcError>>> {
        let cause = self.live.take().and_then(|live| live.failure.get());
        // It had begun to answer.
        let error = cause.unwrap_or(error).with_executed(Executed::Yes);
        Poll::Ready(Some(Err(self.named(error))))
    }

    fn end(&mut self, answer: Answer) -> Poll<Option<Result<Body, RpcError>>> {
        let Some(live) = self.live.take() else {
            return Poll::Ready(None);
        };
        live.requests.finish();
        let error = match (answer.status, live.failure.get()) {
            (Status::Ok, _) if answer.message.is_empty() => return Poll::Ready(None),
            (Status::Ok, _) => RpcError::new(ErrorKind::Protocol, Executed::Yes, "the handler answers with one value"),
            (status, Some(cause)) => cause.with_executed(executed_by(status)),
            (status, None) => RpcError::from_status(status, answer.message.into_bytes()),
        };
        Poll::Ready(Some(Err(self.named(error))))
    }

    /// The next item as it arrived.
    fn poll_body(&mut self, cx: &mut task::Context<'_>) -> Poll<Option<Result<Body, RpcError>>> {
        loop {
            let Some(live) = &mut self.live else {
                return Poll::Ready(None);
            };
            let event = match live.first.take() {
                Some(event) => Poll::Ready(Ok(event)),
                None => live.receiver.poll_event(cx),
            };
            match event {
                Poll::Ready(Ok(Event::Started(_))) => {}
                Poll::Ready(Ok(Event::Item(item))) => return Poll::Ready(Some(Ok(item))),
                Poll::Ready(Ok(Event::End(answer))) => return self.end(answer),
                Poll::Ready(Err(error)) => return self.fail(error),
                Poll::Pending if live.is_overdue(cx) => return self.fail(deadline_exceeded(Executed::Yes)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Stream for RawResponseStream {
    type Item = Result<Bytes, RpcError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_body(cx).map(|item| item.map(|item| item.map(Body::into_bytes)))
    }
}

impl Live {
    /// Whether the deadline has passed; if not, the task is woken when it does.
    fn is_overdue(&mut self, cx: &mut task::Context<'_>) -> bool {
        let Some(deadline) = self.deadline else {
            return false;
        };
        self.overdue.get_or_insert_with(|| Box::pin(sleep_until(deadline))).as_mut().poll(cx).is_ready()
    }
}

impl fmt::Debug for RawResponseStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponseStream")
            .field("method", &self.method)
            .field("ended", &self.live.is_none())
            .finish_non_exhaustive()
    }
}

/// A streamed answer: a [`Stream`] of `Result<T, CallError<E>>`.
///
/// Its end can be trusted: `None` means that the handler's stream ended, and that all of its items have come. Whatever
/// else ends the call (the handler's error or panic, its deadline, a lost connection, a server that stops) is an error as
/// the last item. Once it has ended, it stays ended.
///
/// A caller that does not read holds the handler up, and nothing piles up but what fits the transport's windows.
///
/// Dropping it before its end cancels the call: the handler is dropped at its next await, unless its method is
/// `no_cancel`.
///
/// A deadline that the call was given (by [`with_deadline`](macro@crate::service) of the client, by its method, or by the handler that calls) is
/// one for the whole stream. The client's default deadline only bounds how long the stream may take to begin: a
/// subscription is meant to last.
#[must_use = "dropping it cancels the call"]
pub struct ResponseStream<T, E> {
    raw: RawResponseStream,
    decode: fn(Cursor<'_>) -> Result<T, RpcError>,
    decode_error: fn(RpcError) -> CallError<E>,
}

impl<T, E> ResponseStream<T, E> {
    fn failed(&mut self, error: RpcError) -> CallError<E> {
        // What comes after an item that makes no sense can't be trusted: the call is cancelled.
        self.raw.live = None;
        CallError::Rpc(self.raw.named(error))
    }
}

impl<T, E> Stream for ResponseStream<T, E> {
    type Item = Result<T, CallError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(item) = this.raw.item_in_place(|item| (this.decode)(item.into())) {
            return Poll::Ready(Some(item.map_err(|error| this.failed(error))));
        }
        this.raw.poll_body(cx).map(|item| {
            item.map(|item| match item {
                Ok(message) => (this.decode)((&message).into()).map_err(|error| this.failed(error)),
                Err(error) => Err((this.decode_error)(error)),
            })
        })
    }
}

impl<T, E> fmt::Debug for ResponseStream<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseStream").field("raw", &self.raw).finish_non_exhaustive()
    }
}

impl RawResponseStream {
    /// Gives it the types of a method's item.
    pub(crate) fn typed<R: WireOutcome>(self) -> ResponseStream<R::Ok, R::Error> {
        ResponseStream { raw: self, decode: R::decode_value, decode_error: decode_error::<R> }
    }
}

/// The error of a typed call: the handler's own, or what became of the call.
pub(crate) fn decode_error<R: WireOutcome>(error: RpcError) -> CallError<R::Error> {
    if error.kind() != ErrorKind::Application {
        return CallError::Rpc(error);
    }
    match R::decode_error(error.body()) {
        Ok(application) => CallError::Application(application),
        Err(undecodable) => CallError::Rpc(match error.method() {
            Some(method) => undecodable.in_call(method.to_owned()),
            None => undecodable,
        }),
    }
}

/// Waits for the one answer of a call whose requests were streamed: the message of its end, or its only item.
pub(crate) async fn collect_answer(
    receiver: &mut ResponseReceiver,
    answered: &Option<AnswerMetadata>,
) -> Result<Bytes, RpcError> {
    let peer = receiver.peer();
    collect(receiver, answered).await.map_err(|error| error.at_peer(peer))
}

async fn collect(receiver: &mut ResponseReceiver, answered: &Option<AnswerMetadata>) -> Result<Bytes, RpcError> {
    let mut item = None;
    loop {
        match poll_fn(|cx| receiver.poll_event(cx)).await? {
            Event::Started(_) => {}
            Event::Item(message) if item.is_none() => item = Some(unpinned(message.into_bytes())),
            Event::Item(_) => {
                let message = "the handler streams its answer: read it as a stream";
                return Err(RpcError::new(ErrorKind::Protocol, Executed::Yes, message));
            }
            Event::End(answer) => {
                tell(answered, answer.metadata.as_deref());
                return match answer.status {
                    Status::Ok => Ok(item.unwrap_or_else(|| answer.message.into_bytes())),
                    status => Err(RpcError::from_status(status, answer.message.into_bytes())),
                };
            }
        }
    }
}

fn tell(answered: &Option<AnswerMetadata>, metadata: Option<&Bytes>) {
    if let Some(answered) = answered {
        answered.set(metadata);
    }
}
