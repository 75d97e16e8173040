//! Many calls on one QUIC stream, with nothing around them: what rpcnet's lanes are measured against.
//!
//! A frame is a length, the number of a slot, and the payload. The server sends back what arrives, as it arrives, and
//! looks at nothing. The client has no deadlines, no limits, no cancelling, no errors but a broken connection, and neither
//! encodes nor decodes. So it is about as much as one stream of s2n-quic can carry.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anyhow::{Result, anyhow, ensure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use s2n_quic::stream::{BidirectionalStream, ReceiveStream, SendStream};

/// The client's side of a lane. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Lane {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    out: BytesMut,
    slots: Vec<Slot>,
    free: Vec<u32>,
    driver: Option<Waker>,
    broken: bool,
}

enum Slot {
    Waiting(Waker),
    Answered(Bytes),
}

impl Lane {
    /// Makes calls over `stream` from now on.
    pub(super) fn over(stream: BidirectionalStream) -> Self {
        let lane = Self::default();
        let (receive, send) = stream.split();
        tokio::spawn(lane.clone().drive(receive, send));
        lane
    }

    /// Sends a payload and gets it back.
    pub(super) async fn echo(&self, payload: &Bytes) -> Result<Bytes> {
        let mut slot = None;
        poll_fn(|cx| {
            let mut state = self.state();
            match slot {
                None => slot = Some(state.send(payload, cx)),
                Some(slot) => return state.poll(slot, cx),
            }
            Poll::Pending
        })
        .await
    }

    async fn drive(self, mut receive: ReceiveStream, mut send: SendStream) {
        let (mut arrived, mut unsent) = (BytesMut::new(), Bytes::new());
        let _: Result<()> = poll_fn(|cx| {
            while let Poll::Ready(chunk) = receive.poll_receive(cx)? {
                arrived.extend_from_slice(&chunk.ok_or_else(|| anyhow!("the lane ended"))?);
            }
            let woken = self.state().hand_out(&mut arrived, cx)?;
            woken.into_iter().for_each(Waker::wake);
            loop {
                if unsent.is_empty() {
                    unsent = self.state().out.split().freeze();
                }
                if unsent.is_empty() || send.poll_send(&mut unsent, cx)?.is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
        let mut state = self.state();
        state.broken = true;
        for slot in &mut state.slots {
            if let Slot::Waiting(waker) = slot {
                waker.wake_by_ref();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn send(&mut self, payload: &[u8], cx: &mut Context<'_>) -> u32 {
        let waiting = Slot::Waiting(cx.waker().clone());
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = waiting;
                slot
            }
            None => {
                self.slots.push(waiting);
                self.slots.len() as u32 - 1
            }
        };
        if self.out.is_empty()
            && let Some(driver) = &self.driver
        {
            driver.wake_by_ref();
        }
        self.out.put_u32_le(payload.len() as u32);
        self.out.put_u32_le(slot);
        self.out.put_slice(payload);
        slot
    }

    fn poll(&mut self, slot: u32, cx: &mut Context<'_>) -> Poll<Result<Bytes>> {
        match &mut self.slots[slot as usize] {
            Slot::Answered(payload) => {
                let payload = std::mem::take(payload);
                self.free.push(slot);
                Poll::Ready(Ok(payload))
            }
            Slot::Waiting(_) if self.broken => Poll::Ready(Err(anyhow!("the connection is lost"))),
            Slot::Waiting(waker) => {
                waker.clone_from(cx.waker());
                Poll::Pending
            }
        }
    }

    /// Gives each caller what has arrived for it, copied out of the packets, as a framework does.
    fn hand_out(&mut self, arrived: &mut BytesMut, cx: &mut Context<'_>) -> Result<Vec<Waker>> {
        if !self.driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
            self.driver = Some(cx.waker().clone());
        }
        let mut woken = Vec::new();
        while arrived.len() >= HEADER_BYTES {
            let length = (&arrived[..4]).get_u32_le() as usize;
            if arrived.len() < HEADER_BYTES + length {
                break;
            }
            let slot = (&arrived[4..HEADER_BYTES]).get_u32_le() as usize;
            ensure!(slot < self.slots.len(), "an answer to no call");
            let payload = Bytes::copy_from_slice(&arrived[HEADER_BYTES..HEADER_BYTES + length]);
            arrived.advance(HEADER_BYTES + length);
            if let Slot::Waiting(waker) = std::mem::replace(&mut self.slots[slot], Slot::Answered(payload)) {
                woken.push(waker);
            }
        }
        Ok(woken)
    }
}

const HEADER_BYTES: usize = 8;
