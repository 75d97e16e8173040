//! Generated from `streaming.in.rs`.

/// One method of each shape.
pub trait Chat: ::rpcnet::__private::Send + ::rpcnet::__private::Sync + 'static {
    /// One request, one response.
    fn rooms(
        &self,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Result<Vec<String>, ChatError>,
    >;
    /// One request, many responses.
    fn history(
        &self,
        room: String,
        lines: u32,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Result<
            impl Stream<Item = Result<Line, ChatError>> + ::rpcnet::__private::Send,
            ChatError,
        >,
    >;
    /// Many requests, one response.
    fn import(
        &self,
        room: String,
        lines: Streaming<Line>,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Result<u64, ChatError>,
    >;
    /// Many of both.
    fn join(
        &self,
        lines: rpcnet::Streaming<Line>,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = ChatResult<
            impl futures::Stream<
                Item = ChatResult<Line>,
            > + Unpin + ::rpcnet::__private::Send,
        >,
    >;
}
/// Another name for [`Chat`], the trait that a server implements.
#[allow(unused_imports)]
pub use Chat as ChatHandler;
/// The methods of [`Chat`], as they are named on the wire.
#[allow(dead_code)]
pub struct ChatMethods;
#[allow(dead_code, non_upper_case_globals)]
impl ChatMethods {
    /// `Chat.rooms`
    pub const rooms: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
        "Chat.rooms",
        &[],
    );
    /// `Chat.history`
    pub const history: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
            "Chat.history",
            &["room", "lines"],
        )
        .server_streaming()
        .idempotent();
    /// `Chat.import`
    pub const import: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
            "Chat.import",
            &["room"],
        )
        .client_streaming();
    /// `Chat.join`
    pub const join: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
            "Chat.join",
            &[],
        )
        .bidirectional();
    /// All methods of `Chat`.
    pub const SERVICE: ::rpcnet::__private::ServiceDescriptor = ::rpcnet::__private::ServiceDescriptor::new(
        "Chat",
        &[Self::rooms, Self::history, Self::import, Self::join],
    );
}
impl ::rpcnet::__private::Signature<0> for ChatMethods {
    type Types = ::rpcnet::__private::Checked<
        ((), Result<Vec<String>, ChatError>),
        { ::rpcnet::__private::fits!((Vec < String >) (ChatError)) },
    >;
}
impl ::rpcnet::__private::Signature<1> for ChatMethods {
    type Types = ::rpcnet::__private::Checked<
        ((String, u32), Result<Line, ChatError>),
        { ::rpcnet::__private::fits!((String) (u32) (Line) (ChatError)) },
    >;
}
impl ::rpcnet::__private::Signature<2> for ChatMethods {
    type Types = ::rpcnet::__private::Checked<
        ((String,), Streaming<Line>, Result<u64, ChatError>),
        {
            ::rpcnet::__private::fits!(
                (String) (Line) (u64) (ChatError); (Streaming < Line >)
            )
        },
    >;
}
impl ::rpcnet::__private::Signature<3> for ChatMethods {
    type Types = ::rpcnet::__private::Checked<
        ((), rpcnet::Streaming<Line>, ChatResult<Line>),
        {
            ::rpcnet::__private::fits!(
                (Line) (< ChatResult < Line > as ::rpcnet::__private::Outcome > ::Ok) (<
                ChatResult < Line > as ::rpcnet::__private::Outcome > ::Error);
                (rpcnet::Streaming < Line >)
            )
        },
    >;
}
#[allow(non_snake_case)]
mod __ChatClient {
    /// Calls [`Chat`](super::Chat): [`connect`](Self::connect) it to a server, or have it call through a channel by [`new`](Self::new).
    #[derive(::rpcnet::__private::Clone, ::rpcnet::__private::Debug)]
    #[allow(dead_code)]
    pub struct ChatClient<C = ::rpcnet::Client> {
        pub(super) caller: ::rpcnet::__private::Caller<C>,
    }
}
#[allow(unused_imports)]
pub use __ChatClient::ChatClient as ChatClient;
#[allow(dead_code)]
impl __ChatClient::ChatClient {
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
impl<C: ::rpcnet::__private::Channel> __ChatClient::ChatClient<C> {
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
    /// One request, one response.
    pub fn rooms(
        &self,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::CallResult<Result<Vec<String>, ChatError>>,
    > + ::rpcnet::__private::Send + use<C> {
        self.caller.unary::<ChatMethods, 0>(&ChatMethods::rooms, ())
    }
    /// One request, many responses.
    pub fn history(
        &self,
        room: String,
        lines: u32,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::StreamResult<Result<Line, ChatError>>,
    > + ::rpcnet::__private::Send + use<C> {
        self.caller
            .server_streaming::<ChatMethods, 1>(&ChatMethods::history, (room, lines))
    }
    /// Many requests, one response.
    pub fn import<S: ::rpcnet::__private::Requests<Line>>(
        &self,
        room: String,
        lines: S,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::CallResult<Result<u64, ChatError>>,
    > + ::rpcnet::__private::Send + use<C, S> {
        self.caller
            .client_streaming::<ChatMethods, 2, S>(&ChatMethods::import, (room,), lines)
    }
    /// Many of both.
    pub fn join<S: ::rpcnet::__private::Requests<Line>>(
        &self,
        lines: S,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::StreamResult<
            ::rpcnet::__private::OutputOf<ChatMethods, 3>,
        >,
    > + ::rpcnet::__private::Send + use<C, S> {
        self.caller.bidirectional::<ChatMethods, 3, S>(&ChatMethods::join, (), lines)
    }
}
#[allow(non_snake_case)]
mod __ChatServer {
    /// Serves [`Chat`](super::Chat): give it to a server, or run it alone by [`serve`](Self::serve).
    #[derive(::rpcnet::__private::Debug)]
    #[allow(dead_code)]
    pub struct ChatServer<H> {
        pub(super) handler: ::rpcnet::__private::Arc<H>,
    }
}
#[allow(unused_imports)]
pub use __ChatServer::ChatServer as ChatServer;
#[allow(dead_code)]
impl<H: Chat> __ChatServer::ChatServer<H> {
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
impl<H> ::rpcnet::__private::Clone for __ChatServer::ChatServer<H> {
    fn clone(&self) -> Self {
        Self {
            handler: ::rpcnet::__private::Arc::clone(&self.handler),
        }
    }
}
impl<H: Chat> ::rpcnet::__private::Service for __ChatServer::ChatServer<H> {
    const DESCRIPTOR: &'static ::rpcnet::__private::ServiceDescriptor = &ChatMethods::SERVICE;
    async fn call(
        self,
        call: ::rpcnet::__private::IncomingCall,
    ) -> ::rpcnet::__private::Reply {
        if call.is(&ChatMethods::rooms) {
            let handle = |()| <H as Chat>::rooms(&self.handler);
            return call.unary::<ChatMethods, 0, _, _>(&ChatMethods::rooms, handle).await;
        }
        if call.is(&ChatMethods::history) {
            let handle = |(room, lines)| <H as Chat>::history(
                &self.handler,
                room,
                lines,
            );
            return call
                .server_streaming::<
                    ChatMethods,
                    1,
                    _,
                    _,
                    _,
                >(&ChatMethods::history, handle)
                .await;
        }
        if call.is(&ChatMethods::import) {
            let handle = |(room,), lines| <H as Chat>::import(
                &self.handler,
                room,
                lines,
            );
            return call
                .client_streaming::<ChatMethods, 2, _, _>(&ChatMethods::import, handle)
                .await;
        }
        if call.is(&ChatMethods::join) {
            let handle = |(), lines| <H as Chat>::join(&self.handler, lines);
            return call
                .bidirectional::<ChatMethods, 3, _, _, _>(&ChatMethods::join, handle)
                .await;
        }
        call.unknown_method()
    }
}
