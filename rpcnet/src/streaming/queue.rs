//! A bounded queue of bytes between a handler and whoever carries its messages.

use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{self, Poll, Waker},
};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::RpcError;

/// Bytes on their way from one task to another, in order, and how they end.
///
/// The bound is soft: what is pushed is always taken, and a writer asks for room first. It waits until half of the
/// queue is empty, so that the two tasks wake each other once for many messages.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Each with what it takes.
    messages: VecDeque<(Bytes, usize)>,
    /// Of the messages, and of keeping them.
    bytes: usize,
    bytes_max: usize,
    /// A writer was told to wait.
    full: bool,
    end: Option<Result<(), RpcError>>,
    /// The reader is gone: nothing more is kept.
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The reader of a queue is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let state = State {
            messages: VecDeque::new(),
            bytes: 0,
            bytes_max,
            full: false,
            end: None,
            closed: false,
            reader: None,
            writer: None,
        };
        Self { state: Mutex::new(state) }
    }

    /// Ready when there is room for more. One task at a time may wait.
    pub(crate) fn poll_room(&self, cx: &task::Context<'_>) -> Poll<Result<(), Closed>> {
        let mut state = self.state.lock();
        if state.closed {
            return Poll::Ready(Err(Closed));
        }
        if state.has_room() {
            state.full = false;
            return Poll::Ready(Ok(()));
        }
        state.full = true;
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The same as a future.
    pub(crate) async fn room(&self) -> Result<(), Closed> {
        poll_fn(|cx| self.poll_room(cx)).await
    }

    /// Appends a message. After the end, or without a reader, it goes nowhere.
    pub(crate) fn push(&self, message: Bytes) {
        self.push_with(message, 0);
    }

    /// The same for one that keeps so many bytes more from being freed.
    pub(crate) fn push_with(&self, message: Bytes, more: usize) {
        let mut state = self.state.lock();
        if state.closed || state.end.is_some() {
            return;
        }
        let cost = cost(&message) + more;
        state.bytes += cost;
        state.messages.push_back((message, cost));
        wake(state.reader.take(), state);
    }

    /// Ends the queue, well or with why not. What is in it is read first. The first end counts.
    pub(crate) fn end(&self, end: Result<(), RpcError>) {
        let mut state = self.state.lock();
        state.end.get_or_insert(end);
        wake(state.reader.take(), state);
    }

    /// The next message, `None` at a good end. After an end, it is always that end.
    pub(crate) fn poll_next(&self, cx: &task::Context<'_>) -> Poll<Option<Result<Bytes, RpcError>>> {
        let mut state = self.state.lock();
        if let Some((message, cost)) = state.messages.pop_front() {
            state.bytes -= cost;
            if state.full && state.has_room() {
                state.full = false;
                wake(state.writer.take(), state);
            }
            return Poll::Ready(Some(Ok(message)));
        }
        match &state.end {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(error)) => Poll::Ready(Some(Err(error.clone()))),
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The reader leaves: writers need not wait, and what they write is dropped.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let messages = std::mem::take(&mut state.messages);
        state.bytes = 0;
        wake(state.writer.take(), state);
        drop(messages);
    }
}

impl State {
    fn has_room(&self) -> bool {
        self.bytes < if self.full { self.bytes_max / 2 } else { self.bytes_max }
    }
}

/// An empty message takes room, too.
fn cost(message: &Bytes) -> usize {
    message.len() + MESSAGE_OVERHEAD_BYTES
}

/// Wakes without the lock: the task may run at once, on another thread.
fn wake(waker: Option<Waker>, lock: parking_lot::MutexGuard<'_, State>) {
    drop(lock);
    if let Some(waker) = waker {
        waker.wake();
    }
}

const MESSAGE_OVERHEAD_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, Executed};

    fn cx() -> task::Context<'static> {
        task::Context::from_waker(Waker::noop())
    }

    fn read(queue: &Queue) -> Poll<Option<Result<Bytes, RpcError>>> {
        queue.poll_next(&cx())
    }

    fn lost() -> RpcError {
        RpcError::new(ErrorKind::Connection, Executed::Maybe, "lost")
    }

    #[test]
    fn messages_come_out_in_order_and_then_the_end() {
        let queue = Queue::new(1000);
        queue.push(Bytes::from_static(b"a"));
        queue.push(Bytes::from_static(b""));
        queue.end(Ok(()));
        assert!(matches!(read(&queue), Poll::Ready(Some(Ok(message))) if message == "a"));
        assert!(
            matches!(read(&queue), Poll::Ready(Some(Ok(message))) if message.is_empty()),
            "an empty message is one"
        );
        assert!(matches!(read(&queue), Poll::Ready(None)));
    }

    #[test]
    fn a_failure_comes_after_what_was_there_before_and_is_never_a_good_end() {
        let queue = Queue::new(1000);
        queue.push(Bytes::from_static(b"a"));
        queue.end(Err(lost()));
        queue.end(Ok(()));
        assert!(matches!(read(&queue), Poll::Ready(Some(Ok(_)))));
        for _ in 0..2 {
            assert!(matches!(read(&queue), Poll::Ready(Some(Err(_)))));
        }
    }

    #[test]
    fn a_full_queue_has_room_again_when_half_of_it_is_read() {
        let queue = Queue::new(4 * (MESSAGE_OVERHEAD_BYTES + 1));
        for _ in 0..4 {
            assert!(queue.poll_room(&cx()).is_ready());
            queue.push(Bytes::from_static(b"a"));
        }
        assert!(queue.poll_room(&cx()).is_pending());
        let _ = read(&queue);
        assert!(queue.poll_room(&cx()).is_pending(), "a little room is not worth a wakeup");
        let _ = read(&queue);
        let _ = read(&queue);
        assert!(queue.poll_room(&cx()).is_ready());
    }

    #[test]
    fn messages_without_bytes_fill_a_queue_as_well() {
        let queue = Queue::new(10 * MESSAGE_OVERHEAD_BYTES);
        let pushed = std::iter::repeat_with(|| queue.push(Bytes::new()))
            .take_while(|()| queue.poll_room(&cx()).is_ready())
            .take(1000);
        assert!(pushed.count() < 10);
    }

    #[test]
    fn messages_that_keep_more_than_themselves_count_as_that() {
        let queue = Queue::new(10_000);
        queue.push_with(Bytes::from_static(b"a"), 9_999);
        assert!(queue.poll_room(&cx()).is_pending());
        let _ = read(&queue);
        assert!(queue.poll_room(&cx()).is_ready());
    }

    #[test]
    fn without_a_reader_nothing_is_kept_and_nobody_waits() {
        let queue = Queue::new(1);
        queue.push(Bytes::from_static(b"a"));
        assert!(queue.poll_room(&cx()).is_pending());
        queue.close();
        assert_eq!(queue.poll_room(&cx()), Poll::Ready(Err(Closed)));
        queue.push(Bytes::from_static(b"b"));
        assert!(queue.state.lock().messages.is_empty());
    }
}
