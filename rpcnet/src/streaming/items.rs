//! Puts the items of a handler's stream into frames, a batch at a time.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures::Stream;

use super::Queue;
use crate::{
    Context,
    proto::{Status, begin_message, end_message, put_message, started},
    service::Reply,
};

/// How one item becomes a message in a batch, or the reply that ends the call.
pub(crate) type EncodeItem<R> = fn(R, &mut Vec<u8>) -> Result<(), Reply>;

pin_project_lite::pin_project! {
    /// Drives a handler's stream to its end.
    ///
    /// Items that are ready together leave together, and none of them waits for one that is not.
    pub(crate) struct SendItems<St, R> {
        #[pin]
        items: St,
        encode: EncodeItem<R>,
        responses: Arc<Queue>,
        item_bytes_max: usize,
        batch: Vec<u8>,
        // How much of the batch is whole messages: the encoding of an item may panic halfway.
        whole_bytes: usize,
    }

    impl<St, R> PinnedDrop for SendItems<St, R> {
        // However the handler ended: what it streamed before comes before that end.
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.batch.truncate(*this.whole_bytes);
            push(this.responses, this.batch, this.whole_bytes);
        }
    }
}

impl<St, R> SendItems<St, R> {
    pub(crate) fn new(items: St, encode: EncodeItem<R>, responses: Arc<Queue>, item_bytes_max: usize) -> Self {
        // The caller has its stream at once, whenever the first item comes.
        let batch = Vec::from(started(Context::take_answer_metadata().as_deref()));
        let whole_bytes = batch.len();
        Self { items, encode, responses, item_bytes_max, batch, whole_bytes }
    }
}

impl<St: Stream<Item = R>, R> Future for SendItems<St, R> {
    /// The terminal reply of the call.
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Reply> {
        let mut this = self.project();
        let mut turn_bytes = 0;
        loop {
            if this.batch.len() >= BATCH_BYTES {
                // Without a reader this is a method that must not be cancelled: it runs to its end for nobody.
                let _ = ready!(this.responses.poll_room(cx));
                turn_bytes += this.batch.len();
                push(this.responses, this.batch, this.whole_bytes);
                if turn_bytes >= TURN_BYTES_MAX {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            let Poll::Ready(item) = this.items.as_mut().poll_next(cx) else {
                if !this.batch.is_empty() && this.responses.poll_room(cx).is_ready() {
                    push(this.responses, this.batch, this.whole_bytes);
                }
                return Poll::Pending;
            };
            let added = item.map(|item| put_item(item, *this.encode, *this.item_bytes_max, this.batch));
            let reply = match added {
                Some(Ok(())) => {
                    *this.whole_bytes = this.batch.len();
                    continue;
                }
                Some(Err(reply)) => reply,
                None => Reply::status(Status::Ok, ""),
            };
            push(this.responses, this.batch, this.whole_bytes);
            return Poll::Ready(reply);
        }
    }
}

/// Appends one item. On an error nothing of it is left in the batch.
fn put_item<R>(item: R, encode: EncodeItem<R>, bytes_max: usize, batch: &mut Vec<u8>) -> Result<(), Reply> {
    let start = begin_message(batch);
    let encoded = encode(item, batch).and_then(|()| {
        let length = batch.len() - start.message();
        if length <= bytes_max { Ok(()) } else { Err(Reply::too_large(length, bytes_max)) }
    });
    match encoded {
        Ok(()) => end_message(batch, start),
        Err(_) => batch.truncate(start.frame()),
    }
    encoded
}

fn push(responses: &Queue, batch: &mut Vec<u8>, whole_bytes: &mut usize) {
    *whole_bytes = 0;
    if !batch.is_empty() {
        // The next batch of a busy stream is as large; one that has little to say keeps no room for more.
        let room = if batch.len() < BATCH_BYTES { 0 } else { BATCH_BYTES + BATCH_BYTES / 8 };
        responses.push(std::mem::replace(batch, Vec::with_capacity(room)).into());
    }
}

/// The frames that end a call: its status, and the value or error that comes with it.
pub(crate) fn answer_frames(call_id: u32, reply: Reply) -> Bytes {
    let mut head = BytesMut::new();
    reply.head(call_id).put(&mut head, &[]);
    let mut frames = Vec::from(head);
    put_message(&mut frames, reply.message.as_slice());
    frames.into()
}

/// About ten packets: enough that a wakeup of the IO thread is a small part of what it sends.
const BATCH_BYTES: usize = 16 * 1024;

/// A stream that is always ready lets others run after this much.
const TURN_BYTES_MAX: usize = 128 * 1024;
