//! Runs a service's handlers without a box on the hot path.
//!
//! The one dynamic call is from the lane to its dispatcher. Behind it everything is the service's own types: the
//! future of a call is built in a slot that the dispatcher keeps, polled there once, and only if it is not done
//! does it leave, slot and all, for a task of its own.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{self, Poll, Waker},
};

use bytes::Bytes;
use futures::Stream;

use crate::{
    Context, ErrorKind, RpcError, Service, Streaming,
    codec::unpinned,
    proto::Status,
    service::{IncomingCall, Reply},
    streaming::SendItems,
};

/// The future of one call, on its way to a task of its own.
pub(crate) type HandlerFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// One lane's way to one service.
pub(crate) trait Dispatch: Send {
    /// Polls the handler once, here and now. A panic in it is the call's answer.
    fn poll_once(&mut self, call: IncomingCall) -> Result<Reply, HandlerFuture>;

    /// The handler's future, not polled yet.
    fn start(&mut self, call: IncomingCall) -> HandlerFuture;
}

/// The handler of a call, of whose code nothing runs before the first poll: until then the call never ran.
pub(crate) fn deferred(mut dispatcher: Box<dyn Dispatch>, call: IncomingCall) -> HandlerFuture {
    Box::pin(async move { dispatcher.start(call).await })
}

/// A dispatcher for a typed service.
pub(crate) fn dispatcher<S: Service>(service: S) -> Box<dyn Dispatch> {
    boxed(move |call| service.clone().call(call))
}

/// A dispatcher for a raw handler.
pub(crate) fn raw_dispatcher<H, F>(handler: Arc<H>) -> Box<dyn Dispatch>
where
    H: Fn(Bytes) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Bytes, RpcError>> + Send + 'static,
{
    boxed(move |call| {
        // What a handler keeps must not pin the packet buffer that the message is a slice of.
        let reply = handler(unpinned(call.into_message()));
        async move { raw_reply(reply.await).with_answer_metadata() }
    })
}

/// A dispatcher for a raw handler of streams.
pub(crate) fn raw_streaming_dispatcher<H, F, St>(handler: Arc<H>) -> Box<dyn Dispatch>
where
    H: Fn(Streaming<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<St, RpcError>> + Send + 'static,
    St: Stream<Item = Result<Bytes, RpcError>> + Send + 'static,
{
    boxed(move |call| {
        let streams = call.into_streams();
        // What a handler keeps must not pin the packet buffer that the message is a slice of.
        let requests = |requests| Streaming::new(requests, |message| Ok(unpinned(message)));
        let begun = streams.map(|streams| (handler(requests(Arc::clone(&streams.requests))), streams));
        async move {
            let Some((begun, streams)) = begun else {
                return Reply::status(Status::MalformedRequest, "the method streams: call it so");
            };
            match begun.await {
                Ok(items) => {
                    let items = SendItems::new(items, put_raw_item, streams.responses, streams.response_bytes_max);
                    items.await.with_answer_metadata()
                }
                Err(error) => raw_reply(Err(error)).with_answer_metadata(),
            }
        }
    })
}

fn put_raw_item(item: Result<Bytes, RpcError>, out: &mut Vec<u8>) -> Result<(), Reply> {
    out.extend_from_slice(&item.map_err(|error| raw_reply(Err(error)))?);
    Ok(())
}

fn raw_reply(result: Result<Bytes, RpcError>) -> Reply {
    match result {
        Ok(message) => Reply::status(Status::Ok, message),
        Err(error) if error.kind() == ErrorKind::Application => Reply::status(Status::Application, error.into_body()),
        Err(error) => Reply::status(Status::Internal, error.to_string()),
    }
}

/// The answer to a call whose handler panicked. The panic's text stays on the server: it may tell too much.
pub(crate) fn panicked(method: &'static str) -> Reply {
    tracing::error!(method, "a handler panicked; the panic hook has its text");
    Reply::status(Status::Internal, "the handler panicked")
}

/// Drops what is left of a handler that panicked: it may panic once more, and nobody is left to tell.
#[cold]
fn bury<T>(left: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(left)));
}

fn current_method() -> &'static str {
    Context::current().map_or("", |context| context.method())
}

/// `start` gives the future's type a name, which a trait's `impl Future` does not have.
fn boxed<C, F>(start: C) -> Box<dyn Dispatch>
where
    C: Fn(IncomingCall) -> F + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    Box::new(Dispatcher { start, spare: None })
}

struct Dispatcher<C, F> {
    start: C,
    /// The slot of a call that was done at its first poll, empty again.
    spare: Option<Pin<Box<Slot<F>>>>,
}

impl<C, F> Dispatch for Dispatcher<C, F>
where
    C: Fn(IncomingCall) -> F + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    fn poll_once(&mut self, call: IncomingCall) -> Result<Reply, HandlerFuture> {
        let mut slot = self.spare.take().unwrap_or_else(|| Box::pin(Slot { future: None }));
        // No task waits for this poll's waker: a future that is not done is polled again by its own task first.
        let mut cx = task::Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| {
            slot.as_mut().set(Slot { future: Some((self.start)(call)) });
            let polled = slot.as_mut().poll(&mut cx);
            if polled.is_ready() {
                slot.as_mut().set(Slot { future: None });
            }
            polled
        }));
        match polled {
            Ok(Poll::Ready(reply)) => {
                self.spare = Some(slot);
                Ok(reply)
            }
            Ok(Poll::Pending) => Err(slot),
            Err(panic) => {
                bury((slot, panic));
                Ok(panicked(current_method()))
            }
        }
    }

    fn start(&mut self, call: IncomingCall) -> HandlerFuture {
        // The service's own code may run before its future's first poll; a panic there is the call's answer too.
        match catch_unwind(AssertUnwindSafe(|| (self.start)(call))) {
            Ok(future) => Box::pin(future),
            Err(_) => Box::pin(std::future::ready(panicked(current_method()))),
        }
    }
}

pin_project_lite::pin_project! {
    struct Slot<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for Slot<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        match self.project().future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> IncomingCall {
        IncomingCall::new(1, Bytes::from_static(b"message"))
    }

    fn echo() -> Box<dyn Dispatch> {
        raw_dispatcher(Arc::new(|message| async move { Ok(message) }))
    }

    #[test]
    fn a_handler_that_is_ready_answers_at_once() {
        let reply = echo().poll_once(call()).ok().expect("ready at once");
        assert_eq!(reply.into_result().expect("a value"), "message");
    }

    #[tokio::test]
    async fn a_handler_that_waits_leaves_with_its_state() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let receiver = parking_lot::Mutex::new(Some(receiver));
        let mut waiting = raw_dispatcher(Arc::new(move |message| {
            let receiver = receiver.lock().take().expect("called once");
            async move {
                receiver.await.map_err(|_| RpcError::application("gone"))?;
                Ok(message)
            }
        }));
        let future = waiting.poll_once(call()).expect_err("not ready yet");
        sender.send(()).expect("the handler waits");
        let reply = future.await;
        assert_eq!(reply.into_result().expect("a value"), "message");
    }

    #[test]
    fn a_handler_that_panics_once_more_when_it_is_dropped_ends_its_own_call_alone() {
        struct PanicsTwice;
        impl Future for PanicsTwice {
            type Output = Reply;
            fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Reply> {
                panic!("the first time");
            }
        }
        impl Drop for PanicsTwice {
            fn drop(&mut self) {
                panic!("and once more");
            }
        }
        let mut service = boxed(|_| PanicsTwice);
        for _ in 0..2 {
            let reply = service.poll_once(call()).ok().expect("an answer");
            assert_eq!(reply.into_result().expect_err("a panic").kind(), ErrorKind::Internal);
        }
    }

    #[test]
    fn a_panic_is_the_answer_of_its_call_alone() {
        let calls = std::sync::atomic::AtomicU32::new(0);
        let mut service = raw_dispatcher(Arc::new(move |message| {
            let first = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            async move {
                assert!(!first, "the first call panics");
                Ok(message)
            }
        }));
        let reply = service.poll_once(call()).ok().expect("an answer");
        assert_eq!(reply.into_result().expect_err("a panic").kind(), ErrorKind::Internal);
        assert!(service.poll_once(call()).ok().expect("an answer").into_result().is_ok());
    }
}
