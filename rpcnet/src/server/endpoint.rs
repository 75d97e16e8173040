//! The threads that do a server's network IO.
//!
//! A QUIC endpoint is one task, so a thread with a runtime of its own serves it best: packets, lanes and quick
//! handlers take turns without a lock or a wakeup between threads. More threads share the port by
//! `SO_REUSEPORT`; the kernel gives each client to one of them.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    thread,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    sync::{Semaphore, oneshot},
    task::JoinSet,
};

use super::{connection, shared::ServerShared};
use crate::{
    ErrorKind, Executed, RpcError,
    transport::{
        quic::{self, Admission, ServerEndpoint, ServerEndpointSettings, Socket as QuicSocket},
        tls,
    },
};

/// Starts the IO threads and returns the address that they share.
pub(super) async fn start(shared: &Arc<ServerShared>, running: &Arc<Semaphore>) -> Result<SocketAddr, RpcError> {
    let settings = shared.config.settings();
    #[cfg(feature = "simulation")]
    if settings.connection.simulated_network {
        return super::simulated::start(shared, running).await;
    }
    let mut addr = settings.bind_addr;
    // The last thread to end closes the semaphore: so does an early return from here.
    let last_thread = Arc::new(CloseOnDrop(Arc::clone(running)));
    for index in 0..settings.io_threads {
        let socket = bind(addr, settings.io_threads > 1).map_err(|error| not_bound(addr, error))?;
        // Port 0 is resolved once, by the first socket; the others share what it got.
        addr = socket.local_addr().map_err(|error| not_bound(addr, error))?;
        let (ready, started) = oneshot::channel();
        let (shared, last_thread) = (Arc::clone(shared), Arc::clone(&last_thread));
        thread::Builder::new()
            .name(format!("rpcnet-io-{index}"))
            .spawn(move || {
                run(socket, shared, ready);
                drop(last_thread);
            })
            .map_err(not_started)?;
        started.await.unwrap_or_else(|_| Err(not_started(io::Error::other("it ended"))))?;
    }
    Ok(addr)
}

/// Body of an IO thread: serves until it is told to stop.
fn run(socket: UdpSocket, shared: Arc<ServerShared>, ready: oneshot::Sender<Result<(), RpcError>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            // Whoever started the server and has gone needs no answer.
            let _ = ready.send(Err(not_started(error)));
            return;
        }
    };
    runtime.block_on(async {
        match open(QuicSocket::System(socket), &shared) {
            Ok((endpoint, admission)) => {
                let _ = ready.send(Ok(()));
                accept(endpoint, admission, shared).await;
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        }
    });
}

pub(super) fn open(socket: QuicSocket, shared: &Arc<ServerShared>) -> Result<(ServerEndpoint, Admission), RpcError> {
    let settings = shared.config.settings();
    let tls = tls::server_tls(&shared.config)?;
    let endpoint = ServerEndpointSettings {
        connection: &settings.connection,
        handshake_timeout: settings.handshake_timeout,
        handshakes_in_flight_max: settings.limits.handshakes_in_flight_max,
        connections_max: settings.limits.connections_max,
        // The library has no way to stop accepting, but whom to accept is ours to say.
        is_closed: {
            let shared = Arc::clone(shared);
            Box::new(move || shared.life.is_draining() || shared.is_full())
        },
    };
    quic::server_endpoint(socket, tls, endpoint)
}

/// Takes connections until the server stops, then lets the close frames out.
pub(super) async fn accept(mut endpoint: ServerEndpoint, admission: Admission, shared: Arc<ServerShared>) {
    let keep_alive = shared.config.settings().connection.keep_alive_interval.is_some();
    let mut connections = JoinSet::new();
    let stopped = shared.life.stopped();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            accepted = endpoint.accept() => match accepted {
                Some(mut connection) => {
                    admission.handshake_done();
                    // It may be closed already; then its own task finds out.
                    let _ = connection.keep_alive(keep_alive);
                    connections.spawn(connection::serve(connection, Arc::clone(&shared)));
                }
                None => break,
            },
            Some(_) = connections.join_next() => {}
            () = &mut stopped => break,
        }
    }
    while connections.join_next().await.is_some() {}
    // The library has no way to wait for the close frames of a server: they are sent by tasks of this runtime, which
    // ends when this returns.
    tokio::time::sleep(CLOSE_GRACE).await;
}

/// Binds without SO_REUSEPORT unless it is needed: with it, a second server on a port would steal half of the clients.
fn bind(addr: SocketAddr, shared_port: bool) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    if shared_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    Ok(socket.into())
}

pub(super) fn not_bound(addr: SocketAddr, error: io::Error) -> RpcError {
    let message = format!("the server can't listen on {addr}: is another one there? give another address, or port 0");
    RpcError::new(ErrorKind::Io, Executed::No, message).with_source(error)
}

fn not_started(error: io::Error) -> RpcError {
    let message = "the server can't start an IO thread; does the system allow so many threads and open files?";
    RpcError::new(ErrorKind::Io, Executed::No, message).with_source(error)
}

pub(super) struct CloseOnDrop(pub(super) Arc<Semaphore>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A few rounds of the event loop.
const CLOSE_GRACE: Duration = Duration::from_millis(10);
