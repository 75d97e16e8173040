//! The task of an endpoint.
//!
//! s2n-quic has one (`EventLoop`, s2n-quic-core 0.91), which reads the clock five times a round, sets its timer in each, and goes
//! round until there is nothing to do, however long the tasks that it woke have to wait for their thread.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use s2n_quic_core::{
    endpoint::Endpoint,
    io::{rx::Rx, tx::Tx},
};

use super::clock::{Timer, TokioClock};

/// A client's ends when its handle is dropped and its connection is gone, a server's with its runtime.
pub(super) struct EventLoop<E, R, T> {
    endpoint: E,
    receiver: R,
    sender: T,
    clock: TokioClock,
    timer: Timer,
}

/// What came of a round.
enum Round {
    /// There was nothing to do.
    Idle,
    Done,
    /// There is nothing to do ever again.
    Ended,
}

impl<E, R, T> EventLoop<E, R, T>
where
    E: Endpoint,
    R: Rx<PathHandle = E::PathHandle>,
    T: Tx<PathHandle = E::PathHandle>,
{
    pub(super) fn new(endpoint: E, receiver: R, sender: T) -> Self {
        Self { endpoint, receiver, sender, clock: TokioClock::start(), timer: Timer::default() }
    }

    fn round(&mut self, cx: &mut Context<'_>) -> Round {
        let Ok(is_woken) = self.poll_wakeups(cx) else {
            return Round::Ended;
        };
        let (readable, writable) = (self.receiver.poll_ready(cx), self.sender.poll_ready(cx));
        let is_over = self.timer.is_over(&self.clock);
        if !is_woken && !is_over && readable.is_pending() && writable.is_pending() {
            return Round::Idle;
        }
        match readable {
            Poll::Ready(Ok(())) => {
                self.receiver.queue(|packets| self.endpoint.receive(packets, &self.clock));
                // Many packets take a while, and what is sent now must not look as if it had been on its way since then.
                self.clock.go_on();
            }
            Poll::Ready(Err(_)) => return Round::Ended,
            Poll::Pending => {}
        }
        if let Poll::Ready(Err(_)) = writable {
            return Round::Ended;
        }
        self.sender.queue(|packets| self.endpoint.transmit(packets, &self.clock));
        if let Some(timeout) = self.endpoint.timeout() {
            self.timer.set(timeout, &self.clock, cx);
        }
        Round::Done
    }

    /// Whether the application wants anything; an error if nobody will again.
    fn poll_wakeups(&mut self, cx: &mut Context<'_>) -> Result<bool, ()> {
        let mut polled = self.endpoint.poll_wakeups(cx, &self.clock);
        // A client's endpoint without a connection, which alone has timeouts: it may just have noted that its handle is gone, and
        // it looks at that note only when it is polled the next time. There might be none.
        if polled.is_pending() && E::ENDPOINT_TYPE.is_client() && self.endpoint.timeout().is_none() {
            polled = self.endpoint.poll_wakeups(cx, &self.clock);
        }
        match polled {
            Poll::Ready(Ok(_)) => Ok(true),
            Poll::Ready(Err(_)) => Err(()),
            Poll::Pending => Ok(false),
        }
    }
}

/// Nothing in it is a future that is polled in place.
impl<E, R, T> Unpin for EventLoop<E, R, T> {}

impl<E, R, T> Future for EventLoop<E, R, T>
where
    E: Endpoint,
    R: Rx<PathHandle = E::PathHandle>,
    T: Tx<PathHandle = E::PathHandle>,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..ROUNDS_MAX {
            self.clock.go_on();
            match self.round(cx) {
                Round::Idle => return Poll::Pending,
                Round::Done => {}
                Round::Ended => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Usually there is one, and nothing to do in the next. Where other threads keep an endpoint busy there is no end to it.
const ROUNDS_MAX: usize = 8;

#[cfg(test)]
mod tests;
