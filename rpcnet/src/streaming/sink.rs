//! Where a caller's requests go.

use std::{
    fmt,
    sync::Arc,
    task::{self, Poll, ready},
};

use bytes::Bytes;

use super::{Closed, StreamingHandler};
use crate::{
    ErrorKind, Executed, RpcError,
    proto::{begin_message, end_message, put_end},
    transport::quic::SendStream,
};

/// The requests of one streaming call. Dropped before [`RequestSink::finish`], it tells the server that the caller gave
/// the call up, whatever was sent before.
#[doc(hidden)]
pub struct RequestSink {
    target: Target,
    message_bytes_max: usize,
    /// The handler may run.
    begun: bool,
    finished: bool,
}

enum Target {
    Quic {
        send: SendStream,
        /// Whole frames, not with the transport yet.
        batch: Vec<u8>,
        unsent: Bytes,
    },
    InProcess(Arc<StreamingHandler>),
}

impl RequestSink {
    /// Sends on `send` what `opening` begins.
    pub(crate) fn quic(send: SendStream, opening: Vec<u8>, message_bytes_max: usize) -> Self {
        let target = Target::Quic { send, batch: opening, unsent: Bytes::new() };
        Self { target, message_bytes_max, begun: false, finished: false }
    }

    pub(crate) fn in_process(handler: Arc<StreamingHandler>, message_bytes_max: usize) -> Self {
        Self { target: Target::InProcess(handler), message_bytes_max, begun: true, finished: false }
    }

    /// Appends a request, which `encode` writes. It leaves with [`RequestSink::poll_flush`].
    ///
    /// # Errors
    ///
    /// It can't be encoded, or is larger than the server accepts. Nothing of it is sent, but the handler may run because
    /// of what was sent before.
    pub(crate) fn push(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), RpcError>) -> Result<(), RpcError> {
        let executed = if self.begun { Executed::Maybe } else { Executed::No };
        self.append(encode).map_err(|error| error.with_executed(executed))
    }

    fn append(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), RpcError>) -> Result<(), RpcError> {
        match &mut self.target {
            Target::Quic { batch, .. } => {
                let start = begin_message(batch);
                let encoded =
                    encode(batch).and_then(|()| check_size(batch.len() - start.message(), self.message_bytes_max));
                match encoded {
                    Ok(()) => end_message(batch, start),
                    Err(_) => batch.truncate(start.frame()),
                }
                encoded
            }
            Target::InProcess(handler) => {
                let mut message = Vec::new();
                encode(&mut message)?;
                check_size(message.len(), self.message_bytes_max)?;
                handler.requests.push(message.into());
                Ok(())
            }
        }
    }

    /// Says that these were all requests. It leaves with [`RequestSink::poll_flush`].
    pub(crate) fn end(&mut self) {
        match &mut self.target {
            Target::Quic { batch, .. } => put_end(batch),
            Target::InProcess(handler) => handler.requests.end(Ok(())),
        }
    }

    /// Whether it is time to flush, though more requests are at hand.
    pub(crate) fn is_full(&self) -> bool {
        match &self.target {
            Target::Quic { batch, .. } => batch.len() >= BATCH_BYTES,
            Target::InProcess(_) => true,
        }
    }

    /// Hands all that was pushed to the transport; pending while the server is behind.
    ///
    /// # Errors
    ///
    /// The server takes no more: it has answered, or the connection is lost. The answer says which.
    pub(crate) fn poll_flush(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Closed>> {
        match &mut self.target {
            Target::Quic { send, batch, unsent } => loop {
                if unsent.is_empty() {
                    if batch.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    *unsent = std::mem::take(batch).into();
                }
                self.begun = true;
                ready!(send.poll_send(unsent, cx)).map_err(|_| Closed)?;
            },
            Target::InProcess(handler) => handler.requests.poll_room(cx),
        }
    }

    /// The call is over, so its end is none of the caller's doing.
    pub(crate) fn finish(mut self) {
        self.finished = true;
        if let Target::Quic { send, .. } = &mut self.target {
            // The server may have stopped listening.
            let _ = send.finish();
        }
    }
}

impl Drop for RequestSink {
    fn drop(&mut self) {
        match &self.target {
            Target::InProcess(handler) if !self.finished => handler.abandon(gave_up()),
            // The stream tells by itself.
            _ => {}
        }
    }
}

/// What a handler is told whose caller has left.
pub(crate) fn gave_up() -> RpcError {
    RpcError::new(ErrorKind::Cancelled, Executed::Yes, "the caller gave the call up")
}

fn check_size(length: usize, bytes_max: usize) -> Result<(), RpcError> {
    if length <= bytes_max { Ok(()) } else { Err(RpcError::request_too_large(length, bytes_max)) }
}

impl fmt::Debug for RequestSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSink").finish_non_exhaustive()
    }
}

/// About ten packets: enough that a system call is a small part of what it sends.
const BATCH_BYTES: usize = 16 * 1024;
