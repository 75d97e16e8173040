//! Where batches go.

use std::{
    future::Future,
    io,
    net::UdpSocket,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::unix::AsyncFd,
    time::{Sleep, sleep},
};

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
    /// Instead of it, while the socket has an error to report.
    pause: Option<Pin<Box<Sleep>>>,
}

impl SocketOutlet {
    pub(super) fn new(socket: Arc<Socket>) -> Self {
        Self { socket, writable: None, pause: None }
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
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            if self.writable.is_none() {
                self.writable = self.socket.writable().ok();
            }
            // Without a file descriptor to wait with, or a runtime, it is lost.
            let Some(writable) = &self.writable else {
                return Poll::Ready(());
            };
            let Ok(mut room) = ready!(writable.poll_write_ready(cx)) else {
                return Poll::Ready(());
            };
            match self.socket.send(batch, bytes) {
                // An error counts as an end of writing, which tokio takes for good: to ask this registration again would be to
                // ask without end, and another one would be told the same until the error has been read.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && room.ready().is_write_closed() => {
                    self.writable = None;
                    self.pause = Some(Box::pin(sleep(PAUSE)));
                }
                // Of the event before the attempt: room that was made since is an event of its own.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => room.clear_ready(),
                _ => return Poll::Ready(()),
            }
        }
    }

    fn stop_waiting(&mut self) {
        (self.writable, self.pause) = (None, None);
    }
}

/// The resolution of timers. Errors come one by one, and are read by then.
const PAUSE: Duration = Duration::from_millis(1);
