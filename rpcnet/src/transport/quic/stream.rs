//! The halves of a stream, which give back all that the connection holds for them, however they end.
//!
//! s2n-quic 1.91 keeps a half, and with it one of the streams that a connection may have open, until it has told its owner how
//! the half ended. Three ways to let go of one tell nothing: to drop a receiving half that the peer has reset, to `flush` a
//! sending half after `finish`, and to reset or stop a half whose reset is over. So these ask once more when they are
//! dropped; `rpcnet/tests/many_streams.rs` would tell.
//!
//! One way is left: a receiving half is dropped while its end has arrived behind a gap, what fills the gap is acknowledged,
//! and what asked the peer to stop was lost. It takes a loss for each such stream, and a new connection starts anew.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures::io::AsyncRead;
use s2n_quic::{application, stream};

use super::{BidirectionalStream, StreamFailure};

/// The half of a stream that the peer sends on. Dropped, it tells the peer that nobody reads the rest.
pub(crate) struct ReceiveStream(stream::ReceiveStream);

impl ReceiveStream {
    /// What arrives next; `None` at the end.
    #[inline]
    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamFailure>> {
        self.0.poll_receive(cx)
    }

    /// The same.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(crate) async fn receive(&mut self) -> Result<Option<Bytes>, StreamFailure> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// Ready when the stream has failed. What arrived is not taken.
    pub(crate) fn poll_failure(&mut self, cx: &mut Context<'_>) -> Poll<StreamFailure> {
        // s2n-quic has no call for this. A read into one buffer without room takes no data and, unlike one into no buffer at
        // all, leaves its waker (s2n-quic 1.91; `rpcnet/tests/streams.rs` would tell).
        let read = Pin::new(&mut self.0).poll_read_vectored(cx, &mut [io::IoSliceMut::new(&mut [])]);
        match read {
            Poll::Ready(Err(error)) => match error.downcast::<StreamFailure>() {
                Ok(failure) => Poll::Ready(failure),
                Err(_) => Poll::Pending,
            },
            Poll::Ready(Ok(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for ReceiveStream {
    /// What has arrived is taken first, and the end of it if that has. Otherwise s2n-quic 1.91 answers with a reset whose final
    /// size counts all that its sender had queued; where that is beyond the window that the reader had granted, it is an error
    /// that ends the whole connection.
    fn drop(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = 0;
        while taken < STOP_TAKES_MAX
            && let Poll::Ready(Ok(Some(chunk))) = self.poll_receive(&mut cx)
        {
            taken += chunk.len();
        }
        // It may have ended already, which is as good, as long as s2n-quic has told so.
        let _ = self.0.stop_sending(RESET);
        let _ = self.poll_receive(&mut cx);
    }
}

impl From<stream::ReceiveStream> for ReceiveStream {
    fn from(stream: stream::ReceiveStream) -> Self {
        Self(stream)
    }
}

/// The half of a stream that this side sends on. Dropped before [`SendStream::finish`], it resets the stream, so that what was
/// sent is never taken for all.
pub(crate) struct SendStream {
    stream: stream::SendStream,
    finished: bool,
}

impl SendStream {
    pub(crate) fn id(&self) -> u64 {
        self.stream.id()
    }

    /// Hands over what `chunk` holds, and leaves it empty.
    #[inline]
    pub(crate) fn poll_send(&mut self, chunk: &mut Bytes, cx: &mut Context<'_>) -> Poll<Result<(), StreamFailure>> {
        self.stream.poll_send(chunk, cx)
    }

    pub(crate) async fn send_vectored(&mut self, chunks: &mut [Bytes]) -> Result<(), StreamFailure> {
        self.stream.send_vectored(chunks).await
    }

    /// Ends the stream well.
    pub(crate) fn finish(&mut self) -> Result<(), StreamFailure> {
        self.finished = true;
        self.stream.finish()
    }

    /// Ends the stream well, and waits until the peer has all of it.
    pub(crate) async fn close(&mut self) -> Result<(), StreamFailure> {
        self.finished = true;
        // Not a flush, which is ready at the same time and leaves the stream open for ever.
        self.stream.close().await
    }
}

impl Drop for SendStream {
    fn drop(&mut self) {
        if !self.finished {
            // A peer that reads no more has ended it already, which is as good, as long as s2n-quic has told so.
            let _ = self.stream.reset(RESET);
            let _ = self.stream.poll_send_ready(&mut Context::from_waker(Waker::noop()));
        }
    }
}

impl From<stream::SendStream> for SendStream {
    fn from(stream: stream::SendStream) -> Self {
        Self { stream, finished: false }
    }
}

/// Both halves.
pub(crate) fn split(stream: BidirectionalStream) -> (ReceiveStream, SendStream) {
    let (receive, send) = stream.split();
    (receive.into(), send.into())
}

/// The code with which a stream is reset, or stopped, that nobody wants.
const RESET: application::Error = application::Error::UNKNOWN;

/// More than a window, though the peer goes on sending.
const STOP_TAKES_MAX: usize = 16 * 1024 * 1024;
