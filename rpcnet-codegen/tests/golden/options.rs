//! Generated from `options.in.rs`.

/// Takes orders.
pub(crate) trait Orders: std::fmt::Debug + ::rpcnet::__private::Send + ::rpcnet::__private::Sync + 'static {
    /// Counts what is in stock.
    ///
    /// Several calls count no more than one.
    fn count(
        &self,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Result<u64, ShopError>,
    >;
    fn place_order(
        &self,
        item: String,
        amount: u32,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Answer<OrderId>,
    >;
    /// The old way.
    #[deprecated(note = "place it")]
    #[allow(clippy::too_many_arguments)]
    #[inline]
    fn order(
        &self,
        item: String,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Answer<OrderId>,
    >;
    #[cfg(feature = "returns")]
    #[cfg_attr(docsrs, doc = "Takes it back.", inline)]
    fn take_back(
        &self,
        order: OrderId,
    ) -> impl ::rpcnet::__private::Send + ::rpcnet::__private::Future<
        Output = Answer<()>,
    >;
}
/// Another name for [`Orders`], the trait that a server implements.
#[allow(unused_imports)]
pub(crate) use Orders as OrdersHandler;
/// The methods of [`Orders`], as they are named on the wire.
#[allow(dead_code)]
pub(crate) struct OrdersMethods;
#[allow(dead_code, non_upper_case_globals)]
#[allow(deprecated)]
impl OrdersMethods {
    /// `shop.Orders.count`
    pub(crate) const count: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
            "shop.Orders.count",
            &[],
        )
        .idempotent()
        .deadline(::rpcnet::__private::Duration::from_millis(250));
    /// `shop.Orders.place`
    pub(crate) const place_order: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
            "shop.Orders.place",
            &["item", "amount"],
        )
        .deadline(::rpcnet::__private::Duration::from_micros(1500))
        .no_cancel();
    /// `shop.Orders.order`
    #[deprecated(note = "place it")]
    pub(crate) const order: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
        "shop.Orders.order",
        &["item"],
    );
    /// `shop.Orders.take_back`
    #[cfg(feature = "returns")]
    pub(crate) const take_back: ::rpcnet::__private::Method = ::rpcnet::__private::Method::new(
        "shop.Orders.take_back",
        &["order"],
    );
    /// All methods of `shop.Orders`.
    pub(crate) const SERVICE: ::rpcnet::__private::ServiceDescriptor = ::rpcnet::__private::ServiceDescriptor::new(
        "shop.Orders",
        &[
            Self::count,
            Self::place_order,
            Self::order,
            #[cfg(feature = "returns")]
            Self::take_back,
        ],
    );
}
impl ::rpcnet::__private::Signature<0> for OrdersMethods {
    type Types = ::rpcnet::__private::Checked<
        ((), Result<u64, ShopError>),
        { ::rpcnet::__private::fits!((u64) (ShopError)) },
    >;
}
impl ::rpcnet::__private::Signature<1> for OrdersMethods {
    type Types = ::rpcnet::__private::Checked<
        ((String, u32), Answer<OrderId>),
        {
            ::rpcnet::__private::fits!(
                (String) (u32) (< Answer < OrderId > as ::rpcnet::__private::Outcome >
                ::Ok) (< Answer < OrderId > as ::rpcnet::__private::Outcome > ::Error)
            )
        },
    >;
}
impl ::rpcnet::__private::Signature<2> for OrdersMethods {
    type Types = ::rpcnet::__private::Checked<
        ((String,), Answer<OrderId>),
        {
            ::rpcnet::__private::fits!(
                (String) (< Answer < OrderId > as ::rpcnet::__private::Outcome > ::Ok) (<
                Answer < OrderId > as ::rpcnet::__private::Outcome > ::Error)
            )
        },
    >;
}
#[cfg(feature = "returns")]
impl ::rpcnet::__private::Signature<3> for OrdersMethods {
    type Types = ::rpcnet::__private::Checked<
        ((OrderId,), Answer<()>),
        {
            ::rpcnet::__private::fits!(
                (OrderId) (< Answer < () > as ::rpcnet::__private::Outcome > ::Ok) (<
                Answer < () > as ::rpcnet::__private::Outcome > ::Error)
            )
        },
    >;
}
#[allow(non_snake_case)]
mod __OrdersClient {
    /// Calls [`Orders`](super::Orders): [`connect`](Self::connect) it to a server, or have it call through a channel by [`new`](Self::new).
    #[derive(::rpcnet::__private::Clone, ::rpcnet::__private::Debug)]
    #[allow(dead_code)]
    pub struct OrdersClient<C = ::rpcnet::Client> {
        pub(super) caller: ::rpcnet::__private::Caller<C>,
    }
}
#[allow(unused_imports)]
pub(crate) use __OrdersClient::OrdersClient as OrdersClient;
#[allow(dead_code)]
impl __OrdersClient::OrdersClient {
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
    pub(crate) fn connect(
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
#[allow(deprecated)]
impl<C: ::rpcnet::__private::Channel> __OrdersClient::OrdersClient<C> {
    /// A client that sends its calls to `channel`.
    #[must_use]
    pub(crate) fn new(channel: C) -> Self {
        Self {
            caller: ::rpcnet::__private::Caller::new(channel),
        }
    }
    /// The same client, each call of which ends within `deadline`; more than 30 days count as those.
    #[must_use]
    pub(crate) fn with_deadline(&self, deadline: ::rpcnet::__private::Duration) -> Self {
        Self {
            caller: ::rpcnet::__private::Caller::with_deadline(&self.caller, deadline),
        }
    }
    /// The same client, each call of which takes `metadata` along.
    #[must_use]
    pub(crate) fn with_metadata(&self, metadata: ::rpcnet::__private::Metadata) -> Self {
        Self {
            caller: ::rpcnet::__private::Caller::with_metadata(&self.caller, metadata),
        }
    }
    /// The same client, which leaves the metadata of each answer in `answered`.
    #[must_use]
    pub(crate) fn with_answer_metadata(
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
    /// Counts what is in stock.
    ///
    /// Several calls count no more than one.
    pub(crate) fn count(
        &self,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::CallResult<Result<u64, ShopError>>,
    > + ::rpcnet::__private::Send + use<C> {
        self.caller.unary::<OrdersMethods, 0>(&OrdersMethods::count, ())
    }
    /// Calls `shop.Orders.place`.
    pub(crate) fn place_order(
        &self,
        item: String,
        amount: u32,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::CallResult<
            ::rpcnet::__private::OutputOf<OrdersMethods, 1>,
        >,
    > + ::rpcnet::__private::Send + use<C> {
        self.caller
            .unary::<OrdersMethods, 1>(&OrdersMethods::place_order, (item, amount))
    }
    /// The old way.
    #[deprecated(note = "place it")]
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn order(
        &self,
        item: String,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::CallResult<
            ::rpcnet::__private::OutputOf<OrdersMethods, 2>,
        >,
    > + ::rpcnet::__private::Send + use<C> {
        self.caller.unary::<OrdersMethods, 2>(&OrdersMethods::order, (item,))
    }
    /// Calls `shop.Orders.take_back`.
    #[cfg_attr(docsrs, doc = "Takes it back.")]
    #[cfg(feature = "returns")]
    pub(crate) fn take_back(
        &self,
        order: OrderId,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::CallResult<
            ::rpcnet::__private::OutputOf<OrdersMethods, 3>,
        >,
    > + ::rpcnet::__private::Send + use<C> {
        self.caller.unary::<OrdersMethods, 3>(&OrdersMethods::take_back, (order,))
    }
}
#[allow(non_snake_case)]
mod __OrdersServer {
    /// Serves [`Orders`](super::Orders): give it to a server, or run it alone by [`serve`](Self::serve).
    #[derive(::rpcnet::__private::Debug)]
    #[allow(dead_code)]
    pub struct OrdersServer<H> {
        pub(super) handler: ::rpcnet::__private::Arc<H>,
    }
}
#[allow(unused_imports)]
pub(crate) use __OrdersServer::OrdersServer as OrdersServer;
#[allow(dead_code)]
impl<H: Orders> __OrdersServer::OrdersServer<H> {
    /// Serves calls by `handler`.
    #[must_use]
    pub(crate) fn new(handler: H) -> Self {
        Self::from_arc(::rpcnet::__private::Arc::new(handler))
    }
    /// Serves calls by a `handler` that is shared with others.
    #[must_use]
    pub(crate) fn from_arc(handler: ::rpcnet::__private::Arc<H>) -> Self {
        Self { handler }
    }
    /// Runs a server of this service alone, until it is stopped.
    ///
    /// # Errors
    ///
    /// What kept the server from starting. Its address is logged at the level `info`.
    pub(crate) fn serve(
        self,
        config: ::rpcnet::__private::ServerConfig,
    ) -> impl ::rpcnet::__private::Future<
        Output = ::rpcnet::__private::Result<(), ::rpcnet::__private::RpcError>,
    > + ::rpcnet::__private::Send {
        ::rpcnet::__private::serve(self, config)
    }
}
impl<H> ::rpcnet::__private::Clone for __OrdersServer::OrdersServer<H> {
    fn clone(&self) -> Self {
        Self {
            handler: ::rpcnet::__private::Arc::clone(&self.handler),
        }
    }
}
#[allow(deprecated)]
impl<H: Orders> ::rpcnet::__private::Service for __OrdersServer::OrdersServer<H> {
    const DESCRIPTOR: &'static ::rpcnet::__private::ServiceDescriptor = &OrdersMethods::SERVICE;
    async fn call(
        self,
        call: ::rpcnet::__private::IncomingCall,
    ) -> ::rpcnet::__private::Reply {
        if call.is(&OrdersMethods::count) {
            let handle = |()| <H as Orders>::count(&self.handler);
            return call
                .unary::<OrdersMethods, 0, _, _>(&OrdersMethods::count, handle)
                .await;
        }
        if call.is(&OrdersMethods::place_order) {
            let handle = |(item, amount)| <H as Orders>::place_order(
                &self.handler,
                item,
                amount,
            );
            return call
                .unary::<OrdersMethods, 1, _, _>(&OrdersMethods::place_order, handle)
                .await;
        }
        #[allow(clippy::too_many_arguments)]
        if call.is(&OrdersMethods::order) {
            let handle = |(item,)| <H as Orders>::order(&self.handler, item);
            return call
                .unary::<OrdersMethods, 2, _, _>(&OrdersMethods::order, handle)
                .await;
        }
        #[cfg(feature = "returns")]
        if call.is(&OrdersMethods::take_back) {
            let handle = |(order,)| <H as Orders>::take_back(&self.handler, order);
            return call
                .unary::<OrdersMethods, 3, _, _>(&OrdersMethods::take_back, handle)
                .await;
        }
        call.unknown_method()
    }
}
