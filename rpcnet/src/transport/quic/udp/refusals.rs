//! What a peer's host says about packets that nobody takes there.
//!
//! A process that is killed says no goodbye, but its system does: to each packet that still comes to its port it answers
//! "port unreachable" (RFC 792; RFC 4443, section 3.1). Probes would find out as well, half a second later.

use std::{future::pending, io, net::SocketAddr, sync::Arc};

use tokio::io::Interest;

use super::{error_queue, socket::Socket};

/// For the socket of one client. The default one never hears of anything, as on systems that keep it to themselves.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Option<Arc<Socket>>);

impl Refusals {
    /// Asks the system to report them. From here on someone has to wait for them: they are kept in the socket's receive buffer.
    pub(super) fn of(socket: &Arc<Socket>) -> Self {
        Self(error_queue::open(socket.system()).is_ok().then(|| Arc::clone(socket)))
    }

    /// Waits until the host of `peer` has said that nothing listens there.
    ///
    /// It may be a lie: whoever guesses this socket's port can send such a message (RFC 5927, section 3).
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again; what comes meanwhile is kept.
    pub(crate) async fn refused(&self, peer: SocketAddr) {
        match &self.0 {
            Some(socket) => match wait_refused(socket, peer).await {
                Ok(()) => {}
                // The runtime is ending.
                Err(_) => pending().await,
            },
            None => pending().await,
        }
    }
}

async fn wait_refused(socket: &Socket, peer: SocketAddr) -> io::Result<()> {
    loop {
        let mut reported = socket.ready(Interest::ERROR).await?;
        let mut is_refused = false;
        // All of them: what is left over takes room from packets, and fails the next attempts to send.
        while let Ok(Some(report)) = error_queue::next(socket.system()) {
            is_refused |= report.is_refusal_by(peer);
        }
        reported.clear_ready();
        if is_refused {
            return Ok(());
        }
    }
}
