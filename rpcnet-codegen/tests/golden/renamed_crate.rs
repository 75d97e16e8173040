//! Generated from `renamed_crate.in.rs`.

trait Ping: crate::vendored::network::__private::Send + crate::vendored::network::__private::Sync + 'static {
    fn ping(
        &self,
    ) -> impl crate::vendored::network::__private::Send + crate::vendored::network::__private::Future<
        Output = Result<(), String>,
    >;
}
/// Another name for [`Ping`], the trait that a server implements.
#[allow(unused_imports)]
use Ping as PingHandler;
/// The methods of [`Ping`], as they are named on the wire.
#[allow(dead_code)]
struct PingMethods;
#[allow(dead_code, non_upper_case_globals)]
impl PingMethods {
    /// `Ping.ping`
    const ping: crate::vendored::network::__private::Method = crate::vendored::network::__private::Method::new(
        "Ping.ping",
        &[],
    );
    /// All methods of `Ping`.
    const SERVICE: crate::vendored::network::__private::ServiceDescriptor = crate::vendored::network::__private::ServiceDescriptor::new(
        "Ping",
        &[Self::ping],
    );
}
impl crate::vendored::network::__private::Signature<0> for PingMethods {
    type Types = crate::vendored::network::__private::Checked<
        ((), Result<(), String>),
        { crate::vendored::network::__private::fits!((()) (String)) },
    >;
}
#[allow(non_snake_case)]
mod __PingClient {
    /// Calls [`Ping`](super::Ping): [`connect`](Self::connect) it to a server, or have it call through a channel by [`new`](Self::new).
    #[derive(
        crate::vendored::network::__private::Clone,
        crate::vendored::network::__private::Debug
    )]
    #[allow(dead_code)]
    pub struct PingClient<C = crate::vendored::network::Client> {
        pub(super) caller: crate::vendored::network::__private::Caller<C>,
    }
}
#[allow(unused_imports)]
use __PingClient::PingClient as PingClient;
#[allow(dead_code)]
impl __PingClient::PingClient {
    /// Connects to a server.
    ///
    /// # Errors
    ///
    /// What kept the connection from being made.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the attempt is given up.
    fn connect(
        target: impl crate::vendored::network::__private::Into<
            crate::vendored::network::__private::Target,
        >,
        config: crate::vendored::network::__private::ClientConfig,
    ) -> impl crate::vendored::network::__private::Future<
        Output = crate::vendored::network::__private::Result<
            Self,
            crate::vendored::network::__private::RpcError,
        >,
    > + crate::vendored::network::__private::Send {
        let target: crate::vendored::network::__private::Target = crate::vendored::network::__private::Into::into(
            target,
        );
        async move {
            crate::vendored::network::__private::Result::map(
                crate::vendored::network::__private::Client::connect(target, config)
                    .await,
                Self::new,
            )
        }
    }
}
#[allow(dead_code)]
impl<C: crate::vendored::network::__private::Channel> __PingClient::PingClient<C> {
    /// A client that sends its calls to `channel`.
    #[must_use]
    fn new(channel: C) -> Self {
        Self {
            caller: crate::vendored::network::__private::Caller::new(channel),
        }
    }
    /// The same client, each call of which ends within `deadline`; more than 30 days count as those.
    #[must_use]
    fn with_deadline(
        &self,
        deadline: crate::vendored::network::__private::Duration,
    ) -> Self {
        Self {
            caller: crate::vendored::network::__private::Caller::with_deadline(
                &self.caller,
                deadline,
            ),
        }
    }
    /// The same client, each call of which takes `metadata` along.
    #[must_use]
    fn with_metadata(
        &self,
        metadata: crate::vendored::network::__private::Metadata,
    ) -> Self {
        Self {
            caller: crate::vendored::network::__private::Caller::with_metadata(
                &self.caller,
                metadata,
            ),
        }
    }
    /// The same client, which leaves the metadata of each answer in `answered`.
    #[must_use]
    fn with_answer_metadata(
        &self,
        answered: &crate::vendored::network::__private::AnswerMetadata,
    ) -> Self {
        Self {
            caller: crate::vendored::network::__private::Caller::with_answer_metadata(
                &self.caller,
                answered,
            ),
        }
    }
    /// Calls `Ping.ping`.
    fn ping(
        &self,
    ) -> impl crate::vendored::network::__private::Future<
        Output = crate::vendored::network::__private::CallResult<Result<(), String>>,
    > + crate::vendored::network::__private::Send + use<C> {
        self.caller.unary::<PingMethods, 0>(&PingMethods::ping, ())
    }
}
#[allow(non_snake_case)]
mod __PingServer {
    /// Serves [`Ping`](super::Ping): give it to a server, or run it alone by [`serve`](Self::serve).
    #[derive(crate::vendored::network::__private::Debug)]
    #[allow(dead_code)]
    pub struct PingServer<H> {
        pub(super) handler: crate::vendored::network::__private::Arc<H>,
    }
}
#[allow(unused_imports)]
use __PingServer::PingServer as PingServer;
#[allow(dead_code)]
impl<H: Ping> __PingServer::PingServer<H> {
    /// Serves calls by `handler`.
    #[must_use]
    fn new(handler: H) -> Self {
        Self::from_arc(crate::vendored::network::__private::Arc::new(handler))
    }
    /// Serves calls by a `handler` that is shared with others.
    #[must_use]
    fn from_arc(handler: crate::vendored::network::__private::Arc<H>) -> Self {
        Self { handler }
    }
    /// Runs a server of this service alone, until it is stopped.
    ///
    /// # Errors
    ///
    /// What kept the server from starting. Its address is logged at the level `info`.
    fn serve(
        self,
        config: crate::vendored::network::__private::ServerConfig,
    ) -> impl crate::vendored::network::__private::Future<
        Output = crate::vendored::network::__private::Result<
            (),
            crate::vendored::network::__private::RpcError,
        >,
    > + crate::vendored::network::__private::Send {
        crate::vendored::network::__private::serve(self, config)
    }
}
impl<H> crate::vendored::network::__private::Clone for __PingServer::PingServer<H> {
    fn clone(&self) -> Self {
        Self {
            handler: crate::vendored::network::__private::Arc::clone(&self.handler),
        }
    }
}
impl<H: Ping> crate::vendored::network::__private::Service
for __PingServer::PingServer<H> {
    const DESCRIPTOR: &'static crate::vendored::network::__private::ServiceDescriptor = &PingMethods::SERVICE;
    async fn call(
        self,
        call: crate::vendored::network::__private::IncomingCall,
    ) -> crate::vendored::network::__private::Reply {
        if call.is(&PingMethods::ping) {
            let handle = |()| <H as Ping>::ping(&self.handler);
            return call.unary::<PingMethods, 0, _, _>(&PingMethods::ping, handle).await;
        }
        call.unknown_method()
    }
}
