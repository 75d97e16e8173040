//! Frames on streams that carry one thing at a time: control streams, and large messages.
//!
//! There a frame carries a part of a message, which is taken as it comes, or no message at all: then it is short.
//!
//! Lanes don't use this: they are driven by hand, for speed.

use std::future::{Future, poll_fn};

use bytes::Bytes;

use super::quic::{ReceiveStream, SendStream, is_reset, stream_error};
use crate::{
    ErrorKind, Executed, RpcError,
    codec::{Body, BodyBuilder},
    proto::{
        FRAGMENT_BYTES, Frame, FrameKind, FrameReader, HEAD_BYTES_MAX, Piece, ProtocolError, StreamKind, frame_header,
    },
};

/// The receiving half of a stream, cut into frames. Dropped early, it tells the peer to stop sending.
pub(crate) struct FrameReceiver {
    stream: ReceiveStream,
    reader: FrameReader,
    reset: bool,
}

impl FrameReceiver {
    pub(crate) fn opened(stream: ReceiveStream) -> Self {
        Self { stream, reader: FrameReader::default(), reset: false }
    }

    /// Reads the byte that says what a stream is for that the peer opened: the first one, before any frame.
    ///
    /// # Errors
    ///
    /// The stream ended or failed first, or is of a kind that this version does not know.
    pub(crate) async fn kind(&mut self) -> Result<StreamKind, RpcError> {
        let mut chunk = loop {
            match self.receive().await? {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => break chunk,
                None => return Err(truncated()),
            }
        };
        let kind = chunk.split_to(1)[0];
        self.reader.push(chunk);
        Ok(StreamKind::from_byte(kind).ok_or(ProtocolError::UnknownStream { kind })?)
    }

    /// The next frame, or `None` at the stream's end.
    ///
    /// # Cancel safety
    ///
    /// What arrived is kept: the next call goes on from there.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>, RpcError> {
        loop {
            if let Some(frame) = self.reader.next_within::<HEAD_BYTES_MAX>()? {
                return Ok(Some(frame));
            }
            match self.receive().await? {
                Some(chunk) => self.reader.push(chunk),
                None if self.reader.is_at_boundary() => return Ok(None),
                None => return Err(truncated()),
            }
        }
    }

    /// Whether the peer gave the stream up: it was reset, rather than lost with its connection.
    pub(crate) fn was_reset(&self) -> bool {
        self.reset
    }

    /// Waits until the stream fails, without taking what arrives. A stream that ends well never fails.
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again.
    pub(crate) async fn failed(&mut self) -> RpcError {
        let failure = poll_fn(|cx| self.stream.poll_failure(cx)).await;
        self.reset = is_reset(&failure);
        stream_error(failure)
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, RpcError> {
        self.stream.receive().await.map_err(|failure| {
            self.reset = is_reset(&failure);
            stream_error(failure)
        })
    }

    /// Reads one message, which may come in fragments, of at most `bytes_max`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] if the stream ends before the message does, [`ErrorKind::MessageTooLarge`] as
    /// soon as it is larger than allowed.
    pub(crate) async fn message(&mut self, bytes_max: usize) -> Result<Body, RpcError> {
        self.message_counted(bytes_max, |_| Ok(())).await
    }

    /// The same; `count` is told how much more is held for it before a part is kept, and may refuse that.
    pub(crate) async fn message_counted(
        &mut self,
        bytes_max: usize,
        count: impl FnMut(usize) -> Result<(), RpcError>,
    ) -> Result<Body, RpcError> {
        let message = self.next_message(bytes_max, count).await?;
        message.ok_or_else(|| ProtocolError::UnexpectedFrame { kind: FrameKind::End.byte() }.into())
    }

    /// Reads the next of many messages, each of at most `bytes_max`; `None` when the peer says that it was the last.
    ///
    /// A message that lies whole in what has arrived is not counted: as long as it is kept, it takes no more than QUIC's buffer
    /// of it. Of any other, all counts that arrives while it is read: what is kept of it keeps the buffers that it lies in,
    /// with all that came between.
    ///
    /// # Errors
    ///
    /// As for [`FrameReceiver::message`]; a stream that ends before the peer says so is truncated.
    pub(crate) async fn next_message(
        &mut self,
        bytes_max: usize,
        mut count: impl FnMut(usize) -> Result<(), RpcError>,
    ) -> Result<Option<Body>, RpcError> {
        let mut whole = BodyBuilder::default();
        let (mut arrived, mut counted) = (0, 0);
        loop {
            let Some(piece) = self.reader.next_piece_within::<HEAD_BYTES_MAX>()? else {
                match self.receive().await? {
                    Some(chunk) => {
                        arrived = if whole.is_empty() { chunk.len() } else { arrived + chunk.len() };
                        self.reader.push(chunk);
                    }
                    None => return Err(truncated()),
                }
                continue;
            };
            match piece.kind {
                FrameKind::End if whole.is_empty() => return Ok(None),
                FrameKind::Fragment | FrameKind::Message => {
                    if !(whole.is_empty() && piece.ends_message()) {
                        let held = counted.max(arrived).max(whole.len() + piece.payload.len());
                        count(held - counted)?;
                        counted = held;
                    }
                    if let Some(message) = join(&mut whole, piece, bytes_max)? {
                        return Ok(Some(message));
                    }
                }
                kind => return Err(ProtocolError::UnexpectedFrame { kind: kind.byte() }.into()),
            }
        }
    }

    /// How many bytes were skipped before the messages that were read since the last time.
    pub(crate) fn take_skipped(&mut self) -> usize {
        self.reader.take_skipped()
    }

    /// What is left for a lane's own driver.
    pub(crate) fn into_parts(self) -> (ReceiveStream, FrameReader) {
        (self.stream, self.reader)
    }
}

/// The sending half of a stream. Dropped before [`FrameSender::finish`], it resets the stream, so that what was sent
/// is never taken for all.
pub(crate) struct FrameSender {
    stream: SendStream,
    stopped: bool,
}

impl FrameSender {
    pub(crate) fn new(stream: SendStream) -> Self {
        Self { stream, stopped: false }
    }

    /// Sends bytes that are frames already.
    pub(crate) fn send(&mut self, mut frames: Bytes) -> impl Future<Output = Result<(), RpcError>> + Send {
        // By hand, which takes a fifth of the room of an `async fn`: a control stream has it as long as its connection lives.
        poll_fn(move |cx| {
            self.stream.poll_send(&mut frames, cx).map_err(|failure| {
                self.stopped = is_reset(&failure);
                stream_error(failure)
            })
        })
    }

    /// Whether the peer reads no more, rather than being lost with its connection; known after [`FrameSender::send`].
    pub(crate) fn was_stopped(&self) -> bool {
        self.stopped
    }

    /// Sends one message, in fragments if it is large. The message itself is not copied.
    pub(crate) async fn message(&mut self, message: Bytes) -> Result<(), RpcError> {
        let end = self.message_but_its_end(message, || {}).await?;
        self.part(FrameKind::Message, end).await
    }

    /// Sends the fragments of a message, and returns what must follow as the last part, by [`FrameSender::message`].
    /// After each fragment that the transport has taken, `taken` is told.
    pub(crate) async fn message_but_its_end(
        &mut self,
        mut message: Bytes,
        taken: impl Fn(),
    ) -> Result<Bytes, RpcError> {
        while message.len() > FRAGMENT_BYTES {
            self.part(FrameKind::Fragment, message.split_to(FRAGMENT_BYTES)).await?;
            taken();
        }
        Ok(message)
    }

    async fn part(&mut self, kind: FrameKind, part: Bytes) -> Result<(), RpcError> {
        let header = Bytes::copy_from_slice(&frame_header(kind, part.len()));
        self.stream.send_vectored(&mut [header, part]).await.map_err(stream_error)
    }

    /// Ends the stream well.
    pub(crate) fn finish(&mut self) -> Result<(), RpcError> {
        self.stream.finish().map_err(stream_error)
    }

    /// Ends the stream well, and waits until the peer has all of it or the stream is lost.
    pub(crate) async fn close(mut self) {
        // Either way the transport lets go of it.
        let _ = self.stream.close().await;
    }
}

impl From<ProtocolError> for RpcError {
    fn from(error: ProtocolError) -> Self {
        let message = format!("the peer broke the rpcnet protocol: {error}");
        Self::new(ErrorKind::Protocol, Executed::Maybe, message)
    }
}

/// Adds a part to a message that is put together in `whole`, and returns it when that was the last.
pub(crate) fn join(whole: &mut BodyBuilder, piece: Piece, bytes_max: usize) -> Result<Option<Body>, RpcError> {
    if whole.len() + piece.payload.len() > bytes_max {
        return Err(too_large(bytes_max));
    }
    if piece.ends_message() && whole.is_empty() {
        return Ok(Some(piece.payload.into()));
    }
    let ends_message = piece.ends_message();
    whole.push(piece.payload);
    Ok(ends_message.then(|| whole.finish()))
}

pub(crate) fn truncated() -> RpcError {
    RpcError::new(ErrorKind::Truncated, Executed::Maybe, "the stream ended before its terminal frame")
}

fn too_large(bytes_max: usize) -> RpcError {
    let message = format!("a message of more than {bytes_max} bytes; raise message_bytes_max if it is meant to be");
    RpcError::new(ErrorKind::MessageTooLarge, Executed::Maybe, message)
}
