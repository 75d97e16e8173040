//! Packets to the socket, sent in the endpoint's task.

use std::{
    cell::Cell,
    collections::VecDeque,
    convert::Infallible,
    io,
    task::{Context, Poll, ready},
};

use s2n_quic_core::{event::EndpointPublisher, io::tx, path::Tuple};

use super::{
    batch::{BATCH_BYTES_MAX, Batch},
    outlet::Outlet,
    turn::Turn,
};

pub(super) struct Sender<O> {
    outlet: O,
    /// No packet is larger.
    packet_bytes_max: usize,
    /// How many packets may leave in one system call; 1 once the system has refused more.
    segments_max: usize,
    /// What the open batch is written to, for one turn.
    buffer: Option<Box<[u8]>>,
    /// The batch that the next packet may join.
    open: Option<Batch>,
    /// What found no room.
    unsent: VecDeque<(Batch, Box<[u8]>)>,
    /// Batches that may still leave in this turn.
    sends_left: usize,
    turn: Turn,
}

impl<O: Outlet> Sender<O> {
    pub(super) fn new(outlet: O, max_mtu: u16) -> Self {
        Self {
            segments_max: outlet.segments_max().min(SEGMENTS_MAX),
            outlet,
            packet_bytes_max: usize::from(max_mtu).min(BATCH_BYTES_MAX),
            buffer: None,
            open: None,
            unsent: VecDeque::new(),
            sends_left: SENDS_MAX,
            turn: Turn::default(),
        }
    }

    fn push_to<M: tx::Message<Handle = Tuple>>(
        &mut self,
        message: &mut M,
        buffer: &mut [u8],
    ) -> Result<usize, tx::Error> {
        if self.open.as_ref().is_some_and(|batch| !batch.takes(message)) {
            self.close(buffer);
        }
        // One connection goes on for as long as its congestion window lets it: what there is no room for stays there.
        if self.open.is_none() && tx::Queue::capacity(self) == 0 {
            return Err(tx::Error::AtCapacity);
        }
        let (len, is_open) = match &mut self.open {
            Some(batch) => (batch.append(message, buffer)?, true),
            None => {
                let (batch, is_open) = Batch::start(message, buffer, self.packet_bytes_max)?;
                self.open = Some(batch);
                (batch.bytes, is_open)
            }
        };
        if !is_open || self.open.is_some_and(|batch| !batch.has_room(self.segments_max)) {
            self.close(buffer);
        }
        Ok(len)
    }

    /// Sends the open batch.
    fn close(&mut self, buffer: &[u8]) {
        let Some(batch) = self.open.take() else {
            return;
        };
        self.sends_left = self.sends_left.saturating_sub(1);
        if self.sends_left == 0 {
            self.turn.end();
        }
        let bytes = &buffer[..batch.bytes];
        // What is waiting goes first.
        if !self.unsent.is_empty() {
            self.unsent.push_back((batch, bytes.into()));
            return;
        }
        match self.outlet.send(&batch, bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.unsent.push_back((batch, bytes.into())),
            Err(error) if batch.segments > 1 && may_be_its_size(&error) => self.send_singly(&batch, bytes),
            // Lost, as on any network: acknowledgements will tell.
            Err(_) => {}
        }
    }

    /// Some network devices don't take batches, and this is the only way to find out: its packets go one by one. An address that
    /// can't be sent to, or from, gives the same error, and to each of them.
    fn send_singly(&mut self, batch: &Batch, bytes: &[u8]) {
        for (single, bytes) in batch.singles(bytes) {
            match self.outlet.send(&single, bytes) {
                Ok(()) => self.segments_max = 1,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.unsent.push_back((single, bytes.into()));
                }
                Err(_) => {}
            }
        }
    }

    /// Sends what was left, as soon as there is room.
    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some((batch, bytes)) = self.unsent.front() {
            ready!(self.outlet.poll_send(cx, batch, bytes));
            self.unsent.pop_front();
        }
        self.outlet.stop_waiting();
        Poll::Ready(())
    }
}

impl<O: Outlet> tx::Tx for Sender<O> {
    type PathHandle = Tuple;
    type Queue = Self;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if !self.unsent.is_empty() {
            ready!(self.poll_unsent(cx));
        } else if self.sends_left == 0 {
            ready!(self.turn.poll(cx));
        } else {
            // It tells when there is room again, and there is.
            return Poll::Pending;
        }
        self.sends_left = SENDS_MAX;
        Poll::Ready(Ok(()))
    }

    fn queue<F: FnOnce(&mut Self)>(&mut self, write: F) {
        write(self);
        tx::Queue::flush(self);
        if let Some(buffer) = self.buffer.take() {
            BUFFER.set(Some(buffer));
        }
    }

    fn handle_error<E: EndpointPublisher>(self, never: Infallible, _event: &mut E) {
        match never {}
    }
}

impl<O: Outlet> tx::Queue for Sender<O> {
    type Handle = Tuple;

    const SUPPORTS_ECN: bool = true;

    fn push<M: tx::Message<Handle = Tuple>>(&mut self, mut message: M) -> Result<tx::Outcome, tx::Error> {
        let mut buffer = match self.buffer.take().or_else(|| BUFFER.take()) {
            Some(buffer) => buffer,
            None => vec![0; BATCH_BYTES_MAX].into(),
        };
        let pushed = self.push_to(&mut message, &mut buffer);
        self.buffer = Some(buffer);
        pushed.map(|len| tx::Outcome { len, index: 0 })
    }

    fn flush(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.close(&buffer);
            self.buffer = Some(buffer);
        }
    }

    fn capacity(&self) -> usize {
        if self.unsent.is_empty() { self.sends_left } else { 0 }
    }
}

/// Whether a batch may have been refused for being one: EINVAL, or EIO.
fn may_be_its_size(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    error.kind() == io::ErrorKind::InvalidInput || error.raw_os_error() == Some(EIO)
}

/// A congestion controller lets that many packets go at once (RFC 9002, section 7.7).
const SEGMENTS_MAX: usize = 10;

/// Batches in one turn, of all connections: 1 MiB of the largest.
const SENDS_MAX: usize = 16;

thread_local! {
    /// What packets are written to before they are sent, for all endpoints of a thread.
    static BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

#[cfg(test)]
mod tests;
