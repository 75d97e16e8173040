//! The caller's end of a streaming call: what the handler answers, as it arrives.

use std::{
    fmt,
    sync::Arc,
    task::{self, Poll, ready},
};

use bytes::Bytes;

use super::{Queue, StreamingHandler};
use crate::{
    RpcError,
    channel::Answer,
    client::{ConnectionGuard, answer_of},
    codec::{Body, BodyBuilder},
    proto::{Fields, FrameKind, FrameReader, Piece, ProtocolError, ResponseHead, Status, read_started},
    transport::{
        frames::{join, truncated},
        quic::{ReceiveStream, stream_error},
    },
};

/// Where the frames of an answer come from. Dropped, it tells the other side that nobody reads them any more.
pub(crate) enum Source {
    Quic {
        stream: ReceiveStream,
        /// The connection lives as long as one of its calls.
        connection: ConnectionGuard,
    },
    InProcess(Arc<StreamingHandler>),
}

/// What a handler says next.
#[derive(Debug)]
pub(crate) enum Event {
    /// It has begun to stream.
    Started(Fields),
    Item(Body),
    /// The call is over: its status, and the value or error that comes with it.
    End(Answer),
}

/// Whoever wants to know what becomes of a streaming call. Dropped when nobody reads its answer any more.
#[doc(hidden)]
pub trait StreamWatch: Send + Sync {
    /// The handler has begun to answer.
    fn on_started(&mut self);

    /// The call is over: it ended well, or with this failure.
    fn on_end(&mut self, failure: Option<&RpcError>);

    /// Whom the call was sent to.
    fn peer(&self) -> &Arc<str>;
}

/// Cuts an answer into events.
#[doc(hidden)]
pub struct ResponseReceiver {
    source: Source,
    watch: Option<Box<dyn StreamWatch>>,
    reader: FrameReader,
    /// A message of which a part has arrived.
    partial: BodyBuilder,
    /// The head of the terminal response, when its message is still to come.
    end: Option<ResponseHead>,
    message_bytes_max: usize,
}

impl ResponseReceiver {
    pub(crate) fn new(source: Source, message_bytes_max: usize) -> Self {
        let (reader, partial) = (FrameReader::default(), BodyBuilder::default());
        Self { source, watch: None, reader, partial, end: None, message_bytes_max }
    }

    /// Tells `watch` what becomes of the call.
    #[must_use]
    pub fn watched(mut self, watch: Box<dyn StreamWatch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Whom the call was sent to, where that was chosen among several.
    pub(crate) fn peer(&self) -> Option<Arc<str>> {
        self.watch.as_ref().map(|watch| Arc::clone(watch.peer()))
    }

    /// The next event.
    ///
    /// # Errors
    ///
    /// The stream broke before the handler's end: what came so far is not all. Nothing comes after that, nor after
    /// [`Event::End`].
    pub(crate) fn poll_event(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<Event, RpcError>> {
        let event = ready!(self.poll_next_event(cx));
        if let Some(watch) = &mut self.watch {
            match &event {
                Ok(Event::Started(_)) => watch.on_started(),
                Ok(Event::Item(_)) => {}
                Ok(Event::End(answer)) => watch.on_end(answer.error().as_ref()),
                Err(error) => watch.on_end(Some(error)),
            }
        }
        Poll::Ready(event)
    }

    fn poll_next_event(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<Event, RpcError>> {
        loop {
            while let Some(piece) = self.next_piece()? {
                if let Some(event) = self.event(piece)? {
                    return Poll::Ready(Ok(event));
                }
            }
            match ready!(self.source.poll_chunk(cx))? {
                Some(chunk) => self.reader.push(chunk),
                None => return Poll::Ready(Err(truncated())),
            }
        }
    }

    /// The next event, if it is an item that lies whole in what has arrived: `read` looks at it in place. `None` says
    /// nothing; [`ResponseReceiver::poll_event`] tells what comes.
    #[inline]
    pub(crate) fn item_in_place<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        if self.end.is_some() || !self.partial.is_empty() {
            return None;
        }
        self.reader.message_in_place(self.message_bytes_max, read)
    }

    fn next_piece(&mut self) -> Result<Option<Piece>, RpcError> {
        self.reader.next_piece().map_err(|error| self.source.violated(error))
    }

    fn event(&mut self, piece: Piece) -> Result<Option<Event>, RpcError> {
        match piece.kind {
            FrameKind::Started if self.end.is_none() => {
                let fields = read_started(piece.payload).map_err(|error| self.source.violated(error))?;
                Ok(Some(Event::Started(fields)))
            }
            FrameKind::Response if self.end.is_none() && self.partial.is_empty() => {
                let (head, _) = ResponseHead::read(piece.payload).map_err(|error| self.source.violated(error))?;
                self.end = Some(head);
                Ok(None)
            }
            FrameKind::Fragment | FrameKind::Message => {
                let Some(message) = join(&mut self.partial, piece, self.message_bytes_max)? else {
                    return Ok(None);
                };
                match self.end.take() {
                    None => Ok(Some(Event::Item(message))),
                    Some(head) => {
                        let answer = answer_of(head, message)?;
                        self.source.ended(answer.status);
                        Ok(Some(Event::End(answer)))
                    }
                }
            }
            kind => Err(self.source.violated(ProtocolError::UnexpectedFrame { kind: kind.byte() })),
        }
    }
}

impl Source {
    fn poll_chunk(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<Option<Bytes>, RpcError>> {
        match self {
            Self::Quic { stream, connection } => {
                stream.poll_receive(cx).map_err(|failure| connection.explain(stream_error(failure)))
            }
            Self::InProcess(handler) => Queue::poll_next(&handler.responses, cx).map(Option::transpose),
        }
    }

    fn ended(&self, status: Status) {
        // Its go-away may still be on its way.
        if let (Self::Quic { connection, .. }, Status::Draining) = (self, status) {
            connection.leave();
        }
    }

    /// The server broke the protocol, so its connection is not to be trusted any more.
    fn violated(&self, error: ProtocolError) -> RpcError {
        let error = RpcError::from(error);
        if let Self::Quic { connection, .. } = self {
            connection.fail(&error);
        }
        error
    }
}

impl fmt::Debug for ResponseReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseReceiver").field("end", &self.end).finish_non_exhaustive()
    }
}
