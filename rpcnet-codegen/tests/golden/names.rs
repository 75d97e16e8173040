//! Generated from `names.in.rs`.

/// A user's types may be called `C` and `H`, and methods and arguments like keywords.
pub trait r#Match: ::rpcnet::__private::Send + ::rpcnet::__private::Sync + 'static {
    fn r#type(
        &self,
        r#in: C,
        call: Vec<C_>,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Result<H, String>,
    >;
}
/// Another name for [`Match`], the trait that a server implements.
#[allow(unused_imports)]
pub use r#Match as MatchHandler;
/// The methods of [`Match`], as they are named on the wire.
#[allow(dead_code)]
pub struct MatchMethods;
#[allow(dead_code, non_upper_case_globals)]
impl MatchMethods {
    /// `Match.type`
    pub const r#type: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
        "Match.type",
        &["in", "call"],
    );
    /// All methods of `Match`.
    pub const SERVICE: ::rpcnet::__private::ServiceDescriptor = ::rpcnet::__private::ServiceDescriptor::new(
        "Match",
        &[Self::r#type],
    );
}
impl ::rpcnet::__private::Signature<0> for MatchMethods {
    type Types = ::rpcnet::__private::Checked<
        ((C, Vec<C_>), Result<H, String>),
        { ::rpcnet::__private::fits!((C) (Vec < C_ >) (H) (String)) },
    >;
}
#[allow(non_snake_case)]
mod __MatchClient {
    /// Calls [`Match`](super::Match): [`connect`](Self::connect) it to a server, or have it call through a channel by [`new`](Self::new).
    #[derive(::rpcnet::__private::Clone, ::rpcnet::__private::Debug)]
    #[allow(dead_code)]
    pub struct MatchClient<C__ = ::rpcnet::Client> {
        pub(super) caller: ::rpcnet::__private::Caller<C__>,
    }
}
#[allow(unused_imports)]
pub use __MatchClient::MatchClient as MatchClient;
#[allow(dead_code)]
impl __MatchClient::MatchClient {
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
impl<C__: ::rpcnet::__private::Channel> __MatchClient::MatchClient<C__> {
    /// A client that sends its calls to `channel`.
    #[must_use]
    pub fn new(channel: C__) -> Self {
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
    /// Calls `Match.type`.
    pub fn r#type(
        &self,
        r#in: C,
        call: Vec<C_>,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::CallResult<Result<H, String>>,
    > + ::rpcnet::__private::Send + use<C__> {
        self.caller.unary::<MatchMethods, 0>(&MatchMethods::r#type, (r#in, call))
    }
}
#[allow(non_snake_case)]
mod __MatchServer {
    /// Serves [`Match`](super::Match): give it to a server, or run it alone by [`serve`](Self::serve).
    #[derive(::rpcnet::__private::Debug)]
    #[allow(dead_code)]
    pub struct MatchServer<H_> {
        pub(super) handler: ::rpcnet::__private::Arc<H_>,
    }
}
#[allow(unused_imports)]
pub use __MatchServer::MatchServer as MatchServer;
#[allow(dead_code)]
impl<H_: r#Match> __MatchServer::MatchServer<H_> {
    /// Serves calls by `handler`.
    #[must_use]
    pub fn new(handler: H_) -> Self {
        Self::from_arc(::rpcnet::__private::Arc::new(handler))
    }
    /// Serves calls by a `handler` that is shared with others.
    #[must_use]
    pub fn from_arc(handler: ::rpcnet::__private::Arc<H_>) -> Self {
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
impl<H_> ::rpcnet::__private::Clone for __MatchServer::MatchServer<H_> {
    fn clone(&self) -> Self {
        Self {
            handler: ::rpcnet::__private::Arc::clone(&self.handler),
        }
    }
}
impl<H_: r#Match> ::rpcnet::__private::Service for __MatchServer::MatchServer<H_> {
    const DESCRIPTOR: &'static ::rpcnet::__private::ServiceDescriptor = &MatchMethods::SERVICE;
    async fn call(
        self,
        call: ::rpcnet::__private::IncomingCall,
    ) -> ::rpcnet::__private::Reply {
        if call.is(&MatchMethods::r#type) {
            let handle = |(r#in, call)| <H_ as r#Match>::r#type(
                &self.handler,
                r#in,
                call,
            );
            return call
                .unary::<MatchMethods, 0, _, _>(&MatchMethods::r#type, handle)
                .await;
        }
        call.unknown_method()
    }
}
