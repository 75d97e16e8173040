//! Where batches go.

use std::{
    io,
    net::UdpSocket,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::unix::AsyncFd;

use super::{batch::Batch, socket::Socket};

/// What takes batches as long as it has room.
pub(super) trait Outlet {
    /// How many packets a batch may have.
    fn segments_max(&self) -> usize;

    /// Sends `batch`, whose packets are `bytes`.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room; then nothing is sent. For anything else the packets are lost.
    fn send(&self, batch: &Batch, bytes: &[u8]) -> io::Result<()>;

    /// The same as soon as there is room.
    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &Batch, bytes: &[u8]) -> Poll<()>;

    /// Nothing waits for room any more.
    fn stop_waiting(&mut self);
}

pub(super) struct SocketOutlet {
    socket: Arc<Socket>,
    /// The socket once more, for when there is room in its send buffer. Only as long as anything waits for that: otherwise
    /// each packet that leaves the buffer would wake the runtime.
    writable: Option<AsyncFd<UdpSocket>>,
}

impl SocketOutlet {
    pub(super) fn new(socket: Arc<Socket>) -> Self {
        Self { socket, writable: None }
    }
}

impl Outlet for SocketOutlet {
    fn segments_max(&self) -> usize {
        self.socket.segments_max()
    }

    fn send(&self, batch: &Batch, bytes: &[u8]) -> io::Result<()> {
        self.socket.send(batch, bytes)
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, batch: &Batch, bytes: &[u8]) -> Poll<()> {
        if self.writable.is_none() {
            self.writable = self.socket.writable().ok();
        }
        // Without a file descriptor to wait with, or a runtime, it is lost.
        let Some(writable) = &self.writable else {
            return Poll::Ready(());
        };
        loop {
            let Ok(mut room) = ready!(writable.poll_write_ready(cx)) else {
                return Poll::Ready(());
            };
            match self.socket.send(batch, bytes) {
                // Of the event before the attempt: room that was made since is an event of its own.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => room.clear_ready(),
                _ => return Poll::Ready(()),
            }
        }
    }

    fn stop_waiting(&mut self) {
        self.writable = None;
    }
}
