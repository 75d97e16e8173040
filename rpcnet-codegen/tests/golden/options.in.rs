/// Takes orders.
#[rpcnet::service(name = "shop.Orders")]
pub(crate) trait Orders: std::fmt::Debug {
    /// Counts what is in stock.
    ///
    /// Several calls count no more than one.
    #[rpc(idempotent, deadline = "250ms")]
    async fn count(&self) -> Result<u64, ShopError>;

    #[rpc(no_cancel, rename = "place", deadline = "1500us")]
    async fn place_order(&self, item: String, amount: u32) -> Answer<OrderId>;

    /// The old way.
    #[deprecated(note = "place it")]
    #[allow(clippy::too_many_arguments)]
    #[inline]
    async fn order(&self, item: String) -> Answer<OrderId>;

    #[cfg(feature = "returns")]
    #[cfg_attr(docsrs, doc = "Takes it back.", inline)]
    async fn take_back(&self, order: OrderId) -> Answer<()>;
}
