//! Generated from `greeting.in.rs`.

/// Greets.
pub trait Greeting: ::rpcnet::__private::Send + ::rpcnet::__private::Sync + 'static {
    /// Greets one person.
    fn greet(
        &self,
        request: GreetRequest,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Result<GreetResponse, GreetingError>,
    >;
}
/// Another name for [`Greeting`], the trait that a server implements.
#[allow(unused_imports)]
pub use Greeting as GreetingHandler;
/// The methods of [`Greeting`], as they are named on the wire.
#[allow(dead_code)]
pub struct GreetingMethods;
#[allow(dead_code, non_upper_case_globals)]
impl GreetingMethods {
    /// `Greeting.greet`
    pub const greet: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
        "Greeting.greet",
        &["request"],
    );
    /// All methods of `Greeting`.
    pub const SERVICE: ::rpcnet::__private::ServiceDescriptor = ::rpcnet::__private::ServiceDescriptor::new(
        "Greeting",
        &[Self::greet],
    );
}
impl ::rpcnet::__private::Signature<0> for GreetingMethods {
    type Types = ::rpcnet::__private::Checked<
        ((GreetRequest,), Result<GreetResponse, GreetingError>),
        { ::rpcnet::__private::fits!((GreetRequest) (GreetResponse) (GreetingError)) },
    >;
}
#[allow(non_snake_case)]
mod __GreetingClient {
    /// Calls [`Greeting`](super::Greeting): [`connect`](Self::connect) it to a server, or have it call through a channel by [`new`](Self::new).
    #[derive(::rpcnet::__private::Clone, ::rpcnet::__private::Debug)]
    #[allow(dead_code)]
    pub struct GreetingClient<C = ::rpcnet::Client> {
        pub(super) caller: ::rpcnet::__private::Caller<C>,
    }
}
#[allow(unused_imports)]
pub use __GreetingClient::GreetingClient as GreetingClient;
#[allow(dead_code)]
impl __GreetingClient::GreetingClient {
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
    pub fn connect(
        target: impl ::rpcnet::__private::Into<::rpcnet::__private::Target>,
        config: ::rpcnet::__private::ClientConfig,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::Result<Self, ::rpcnet::__private::RpcError>,
    > + ::rpcnet::__private::Send {
        let target: ::rpcnet::__private::Target = ::rpcnet::__private::Into::into(
            target,
        );
        async move {
            ::rpcnet::__private::Result::map(
                ::rpcnet::__private::Client::connect(target, config).await,
                Self::new,
            )
        }
    }
}
#[allow(dead_code)]
impl<C: ::rpcnet::__private::Channel> __GreetingClient::GreetingClient<C> {
    /// A client that sends its calls to `channel`.
    #[must_use]
    pub fn new(channel: C) -> Self {
        Self {
            caller: ::rpcnet::__private::Caller::new(channel),
        }
    }
    /// The same client, each call of which ends within `deadline`; more than 30 days count as those.
    #[must_use]
    pub fn with_deadline(&self, deadline: ::rpcnet::__private::Duration) -> Self {
        Self {
            caller: ::rpcnet::__private::Caller::with_deadline(&self.caller, deadline),
        }
    }
    /// The same client, each call of which takes `metadata` along.
    #[must_use]
    pub fn with_metadata(&self, metadata: ::rpcnet::__private::Metadata) -> Self {
        Self {
            caller: ::rpcnet::__private::Caller::with_metadata(&self.caller, metadata),
        }
    }
    /// The same client, which leaves the metadata of each answer in `answered`.
    #[must_use]
    pub fn with_answer_metadata(
        &self,
        answered: &::rpcnet::__private::AnswerMetadata,
    ) -> Self {
        Self {
            caller: ::rpcnet::__private::Caller::with_answer_metadata(
                &self.caller,
                answered,
            ),
        }
    }
    /// Greets one person.
    pub fn greet(
        &self,
        request: GreetRequest,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::CallResult<Result<GreetResponse, GreetingError>>,
    > + ::rpcnet::__private::Send + use<C> {
        self.caller.unary::<GreetingMethods, 0>(&GreetingMethods::greet, (request,))
    }
}
#[allow(non_snake_case)]
mod __GreetingServer {
    /// Serves [`Greeting`](super::Greeting): give it to a server, or run it alone by [`serve`](Self::serve).
    #[derive(::rpcnet::__private::Debug)]
    #[allow(dead_code)]
    pub struct GreetingServer<H> {
        pub(super) handler: ::rpcnet::__private::Arc<H>,
    }
}
#[allow(unused_imports)]
pub use __GreetingServer::GreetingServer as GreetingServer;
#[allow(dead_code)]
impl<H: Greeting> __GreetingServer::GreetingServer<H> {
    /// Serves calls by `handler`.
    #[must_use]
    pub fn new(handler: H) -> Self {
        Self::from_arc(::rpcnet::__private::Arc::new(handler))
    }
    /// Serves calls by a `handler` that is shared with others.
    #[must_use]
    pub fn from_arc(handler: ::rpcnet::__private::Arc<H>) -> Self {
        Self { handler }
    }
    /// Runs a server of this service alone, until it is stopped.
    ///
    /// # Errors
    ///
    /// What kept the server from starting. Its address is logged at the level `info`.
    pub fn serve(
        self,
        config: ::rpcnet::__private::ServerConfig,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::Result<(), ::rpcnet::__private::RpcError>,
    > + ::rpcnet::__private::Send {
        ::rpcnet::__private::serve(self, config)
    }
}
impl<H> ::rpcnet::__private::Clone for __GreetingServer::GreetingServer<H> {
    fn clone(&self) -> Self {
        Self {
            handler: ::rpcnet::__private::Arc::clone(&self.handler),
        }
    }
}
impl<H: Greeting> ::rpcnet::__private::Service for __GreetingServer::GreetingServer<H> {
    const DESCRIPTOR: &'static ::rpcnet::__private::ServiceDescriptor = &GreetingMethods::SERVICE;
    async fn call(
        self,
        call: ::rpcnet::__private::IncomingCall,
    ) -> ::rpcnet::__private::Reply {
        if call.is(&GreetingMethods::greet) {
            let handle = |(request,)| <H as Greeting>::greet(&self.handler, request);
            return call
                .unary::<GreetingMethods, 0, _, _>(&GreetingMethods::greet, handle)
                .await;
        }
        call.unknown_method()
    }
}
