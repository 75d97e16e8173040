//! The messages of a caller: what a handler reads them from, and what a caller gives them as.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};

use bytes::Bytes;
use futures::Stream;

use super::Queue;
use crate::{ErrorKind, Executed, RpcError};

/// The messages that a caller streams to a handler, as they arrive.
///
/// It is a [`Stream`] of `Result<T, RpcError>`, and its end can be trusted: `None` means that the caller sent its last
/// message and said so. A caller that was cancelled, that crashed, or whose connection was lost is an error as the last item,
/// never an end. So an upload is whole when `None` has come, and only then.
///
/// | last item | the caller |
/// |---|---|
/// | `None` | has sent all that it had |
/// | [`ErrorKind::Cancelled`] | gave the call up |
/// | [`ErrorKind::Connection`] | was lost with its connection |
/// | [`ErrorKind::Truncated`] | ended the stream without saying that it was complete |
/// | [`ErrorKind::Serialization`] | sent what is no `T` |
/// | [`ErrorKind::MessageTooLarge`] | sent more than the server accepts |
/// | [`ErrorKind::Overloaded`] | sent a large message that the server had no room for: see [`with_buffer_bytes_max`](crate::ServerConfigBuilder::with_buffer_bytes_max) |
///
/// A handler that does not read holds the caller up: at most 64 KiB of messages wait here, and what the transport's
/// window has room for before that. One that drops it does not: what comes then is thrown away.
///
/// Most handlers never see the error of a caller that left, because they are dropped then; those of methods that are
/// `no_cancel` do.
///
/// ```
/// use rpcnet::prelude::*;
///
/// #[rpcnet::service]
/// pub trait Files {
///     /// How many bytes were uploaded.
///     async fn upload(&self, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
/// }
///
/// struct Counter;
///
/// impl Files for Counter {
///     async fn upload(&self, mut chunks: Streaming<Vec<u8>>) -> Result<u64, String> {
///         let mut bytes = 0;
///         while let Some(chunk) = chunks.next().await {
///             // An upload that was cut short is not one.
///             bytes += chunk.map_err(|error| error.to_string())?.len() as u64;
///         }
///         Ok(bytes)
///     }
/// }
/// ```
#[must_use = "a caller waits for its messages to be read"]
pub struct Streaming<T> {
    queue: Arc<Queue>,
    decode: fn(Bytes) -> Result<T, RpcError>,
    ended: bool,
}

impl<T> Streaming<T> {
    pub(crate) fn new(queue: Arc<Queue>, decode: fn(Bytes) -> Result<T, RpcError>) -> Self {
        Self { queue, decode, ended: false }
    }
}

impl<T> Stream for Streaming<T> {
    type Item = Result<T, RpcError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let item = ready!(self.queue.poll_next(cx)).map(|message| message.and_then(self.decode));
        self.ended = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

impl<T> Drop for Streaming<T> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// What a caller may stream to a handler: any `Stream<Item = T>` that is `Send + 'static`, or one whose items may
/// fail, by [`fallible`].
///
/// Sealed: these two are all.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no stream of `{T}` that can be sent",
    label = "not a `Stream<Item = {T}> + Send + 'static`",
    note = "give a stream, as `rpcnet::stream::iter(items)`; one whose items are `Result`s goes through `rpcnet::fallible`"
)]
pub trait Requests<T>: sealed::Sealed<T> + Send + 'static {
    /// The next message, or why there will be no more.
    #[doc(hidden)]
    fn poll_request(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Result<T, RpcError>>>;
}

impl<T, S: Stream<Item = T> + Send + 'static> Requests<T> for S {
    fn poll_request(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Result<T, RpcError>>> {
        self.poll_next(cx).map(|item| item.map(Ok))
    }
}

impl<T, E, S> Requests<T> for Fallible<S>
where
    S: Stream<Item = Result<T, E>> + Send + 'static,
    E: fmt::Display + 'static,
{
    fn poll_request(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Result<T, RpcError>>> {
        self.project().items.poll_next(cx).map(|item| item.map(|item| item.map_err(|error| given_up(&error))))
    }
}

pin_project_lite::pin_project! {
    /// A stream of requests that may fail; made by [`fallible`].
    #[derive(Debug)]
    pub struct Fallible<S> {
        #[pin]
        items: S,
    }
}

/// Makes requests of a stream whose items are `Result`s: its first error gives the call up.
///
/// Reading a file, or passing on what another service sends, can fail halfway. Ending the stream there would tell
/// the server that it has all. This tells it that the call was cancelled, and the caller gets the error, as
/// [`ErrorKind::Cancelled`].
///
/// ```
/// # use rpcnet::prelude::*;
/// # #[rpcnet::service]
/// # pub trait Files { async fn upload(&self, chunks: Streaming<Vec<u8>>) -> Result<u64, String>; }
/// # async fn example(client: FilesClient) -> Result<(), CallError<String>> {
/// let chunks = vec![Ok(vec![1, 2, 3]), Err(std::io::Error::other("the disk failed"))];
/// let error = client.upload(rpcnet::fallible(rpcnet::stream::iter(chunks))).await.unwrap_err();
/// assert!(error.to_string().contains("the disk failed"));
/// # Ok(())
/// # }
/// ```
pub fn fallible<S>(items: S) -> Fallible<S> {
    Fallible { items }
}

fn given_up(error: &dyn fmt::Display) -> RpcError {
    let message = format!("the stream of requests failed, so the call was given up: {error}");
    RpcError::new(ErrorKind::Cancelled, Executed::Maybe, message)
}

mod sealed {
    use std::fmt;

    use futures::Stream;

    pub trait Sealed<T> {}
    impl<T, S: Stream<Item = T> + Send + 'static> Sealed<T> for S {}
    impl<T, E: fmt::Display, S: Stream<Item = Result<T, E>>> Sealed<T> for super::Fallible<S> {}
}
