//! What a server is made of, before it starts.

use std::{fmt, future::Future, sync::Arc};

use bytes::Bytes;
use futures::Stream;
use tokio::sync::Semaphore;

use super::{Router, Server, endpoint, shared::ServerShared};
use crate::{RpcError, ServerConfig, Service, Streaming};

/// Collects services and handlers, then starts a [`Server`].
#[must_use = "a builder does nothing until it is started"]
pub struct ServerBuilder {
    config: ServerConfig,
    router: Router,
    /// The first thing that went wrong; [`ServerBuilder::start`] tells it.
    error: Option<RpcError>,
}

impl ServerBuilder {
    pub(super) fn new(config: ServerConfig) -> Self {
        Self { config, router: Router::default(), error: None }
    }

    /// Adds a typed service: a generated `XServer` around its handler.
    ///
    /// Two services of one name are an error of [`ServerBuilder::start`].
    #[doc(alias = "register_service")]
    pub fn service<S: Service>(mut self, service: S) -> Self {
        let added = self.router.add_service(service);
        self.note(added);
        self
    }

    /// Adds a handler of raw bytes for the method `name`, or replaces the one it had.
    ///
    /// The bytes are not looked at: what they mean is between the handler and those who [call](crate::Client::call) it. A handler
    /// fails with [`RpcError::application`], whose body reaches the caller; any other error reaches it as
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal). A method of a typed service can't be replaced: that is an error of
    /// [`ServerBuilder::start`]. The name lives as long as the program: there should be no more of them than it has methods.
    ///
    /// ```
    /// # use rpcnet::{ClientConfig, RpcError, Server, ServerConfig};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Server::builder(ServerConfig::development().build()?)
    ///     .register("reverse", |bytes| async move {
    ///         if bytes.is_empty() {
    ///             return Err(RpcError::application("nothing to reverse"));
    ///         }
    ///         Ok(bytes.iter().rev().copied().collect::<Vec<u8>>())
    ///     })
    ///     .start()
    ///     .await?;
    /// # let client = rpcnet::Client::connect(server.local_addr(), ClientConfig::development().build()?).await?;
    /// # assert_eq!(client.call("reverse", "abc").await?, "cba");
    /// # assert_eq!(client.call("reverse", "").await.unwrap_err().body(), "nothing to reverse");
    /// # Ok(())
    /// # }
    /// ```
    pub fn register<H, F, B>(mut self, name: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Bytes) -> F + Send + Sync + 'static,
        F: Future<Output = Result<B, RpcError>> + Send + 'static,
        B: Into<Bytes>,
    {
        // A method's name lives as long as the program, so that errors, contexts and logs carry it free of charge.
        let name: &'static str = name.into().leak();
        let added = self.router.add_raw(name, move |message| {
            let reply = handler(message);
            async move { reply.await.map(Into::into) }
        });
        self.note(added);
        self
    }

    /// Adds a handler of streams of raw bytes for the method `name`, or replaces the raw handler that it had.
    ///
    /// It takes the requests as they arrive and answers with a stream, whatever the caller makes of it: see
    /// [`Client::call_streaming`](crate::Client::call_streaming), and its siblings that send or expect one message. A
    /// handler fails as one of [`ServerBuilder::register`] does, at once or as the last item of its stream. The name lives as
    /// long as the program, too.
    ///
    /// ```
    /// # use rpcnet::{ClientConfig, Server, ServerConfig};
    /// use rpcnet::prelude::*;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Server::builder(ServerConfig::development().build()?)
    ///     .register_streaming("echo", |requests| async move { Ok(requests) })
    ///     .start()
    ///     .await?;
    /// # let client = rpcnet::Client::connect(server.local_addr(), ClientConfig::development().build()?).await?;
    /// # let mut echo = client.call_streaming("echo", rpcnet::stream::iter(["one".into()])).await?;
    /// # assert_eq!(echo.next().await.unwrap()?, "one");
    /// # assert!(echo.next().await.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn register_streaming<H, F, St>(mut self, name: impl Into<String>, handler: H) -> Self
    where
        H: Fn(Streaming<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<St, RpcError>> + Send + 'static,
        St: Stream<Item = Result<Bytes, RpcError>> + Send + 'static,
    {
        let name: &'static str = name.into().leak();
        let added = self.router.add_raw_streaming(name, handler);
        self.note(added);
        self
    }

    /// Binds the port and starts to serve. Handlers that take their time run on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for two services of one name, [`ErrorKind::Io`](crate::ErrorKind::Io) for an address that
    /// can't be bound or a thread that can't be started.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, or failed, nothing is served: what had started stops.
    pub async fn start(self) -> Result<Server, RpcError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let application = tokio::runtime::Handle::current();
        let local_addr = self.config.settings().bind_addr;
        let shared = Arc::new(ServerShared::new(self.config, self.router, application));
        // From the first thread on, so that those that have started stop if another one can't, or if nobody waits for them.
        let mut server = Server { shared, local_addr, running: Arc::new(Semaphore::new(0)) };
        match endpoint::start(&server.shared, &server.running).await {
            Ok(local_addr) => server.local_addr = local_addr,
            Err(error) => {
                server.stop().await;
                return Err(error);
            }
        }
        Ok(server)
    }

    fn note(&mut self, added: Result<(), RpcError>) {
        if let Err(error) = added {
            self.error.get_or_insert(error);
        }
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("services", &self.router.services())
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
