//! The server: services behind one UDP port.

mod budget;
mod builder;
mod connection;
mod dispatch;
mod endpoint;
mod hooks;
mod lane;
mod large;
mod life;
mod load;
mod outbox;
mod pace;
mod responder;
mod router;
mod running;
mod shared;
mod shutdown;
#[cfg(feature = "simulation")]
mod simulated;
mod streaming;

use std::{fmt, net::SocketAddr, sync::Arc};

use tokio::sync::Semaphore;

pub use builder::ServerBuilder;
pub use hooks::NotReady;
pub use load::{ServerLoad, ServerMonitor};
pub(crate) use router::{Route, Router};
pub(crate) use running::HandlerTask;
pub use shutdown::Shutdown;

use crate::ServerConfig;
use shared::ServerShared;

/// A running server: the handle that tells its address and stops it.
///
/// Dropping it stops the server.
///
/// # Handlers
///
/// A handler that is done at its first poll within microseconds runs on the thread that read its request. All others run
/// on the runtime that [`ServerBuilder::start`] was called on, which must go on running for as long as the server does. Which
/// is which is found out by measuring, so a handler must not block its thread: use `tokio::task::spawn_blocking` (and not
/// `block_in_place`, which panics on the threads of a server).
///
/// ```
/// # mod greeting {
/// #[rpcnet::service]
/// pub trait Greeting {
///     async fn greet(&self, name: String) -> Result<String, String>;
/// }
/// # }
/// # use greeting::*;
/// use rpcnet::{ClientConfig, Server, ServerConfig};
///
/// struct MyGreeting;
///
/// impl Greeting for MyGreeting {
///     async fn greet(&self, name: String) -> Result<String, String> {
///         Ok(format!("Hello, {name}!"))
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder(ServerConfig::development().build()?)
///     .service(GreetingServer::new(MyGreeting))
///     .start()
///     .await?;
///
/// let client = GreetingClient::connect(server.local_addr(), ClientConfig::development().build()?).await?;
/// assert_eq!(client.greet("World".into()).await?, "Hello, World!");
///
/// server.stop().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping a server stops it"]
pub struct Server {
    shared: Arc<ServerShared>,
    local_addr: SocketAddr,
    /// Closed when the last IO thread has let go of its socket.
    running: Arc<Semaphore>,
}

impl Server {
    /// Starts to build a server.
    pub fn builder(config: ServerConfig) -> ServerBuilder {
        ServerBuilder::new(config)
    }

    /// The address that it listens on, with the port that the system chose if port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// How many bytes it holds for its clients: of requests that are being read or served, of messages of streams that are being
    /// read or wait for their handlers, and of answers that are being sent. See [`ServerConfigBuilder::with_buffer_bytes_max`](crate::ServerConfigBuilder::with_buffer_bytes_max).
    pub fn buffered_bytes(&self) -> usize {
        self.shared.budget.held()
    }

    /// How many calls are running on tasks of their own. Calls that are answered at once are never counted.
    pub fn calls_in_flight(&self) -> usize {
        self.shared.calls_in_flight()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.life.stop();
        // They run on their own: there is nobody to wait for them.
        self.shared.hooks.run_stopped(&self.shared.application).detach_all();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("local_addr", &self.local_addr)
            .field("calls_in_flight", &self.calls_in_flight())
            .finish_non_exhaustive()
    }
}
