//! Where a typed client sends its calls so that they reach some worker of a cluster.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use rpcnet::{
    __channel::{Answer, Channel, Encode, Outgoing, OutgoingStream, Raw, RequestSink, ResponseReceiver},
    ErrorKind, Executed, RpcError,
};

use super::{
    attempt::Tries,
    group::{Group, Picked},
    shared::{Handle, Shared},
};
use crate::{
    Filter, FilterError,
    balance::{Balancer, Hedging, LoadBalancingStrategy, affinity_key},
    membership::Time,
};

/// The workers that a filter names, as one place to call: what [`ClusterClient::channel`](super::ClusterClient::channel) gives to
/// any generated client. Cloning is cheap.
///
/// What becomes of calls is said at [`ClusterClient`](super::ClusterClient).
#[derive(Clone)]
pub struct ClusterChannel {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    handle: Arc<Handle>,
    /// A text that is no filter fails every call.
    group: Result<Arc<Group>, FilterError>,
    balancer: Arc<dyn Balancer>,
    key: Option<u64>,
}

impl ClusterChannel {
    pub(super) fn new(handle: Arc<Handle>, filter: Result<Filter, FilterError>) -> Self {
        let group = filter.map(|filter| handle.shared.group(filter));
        Self::of(handle, group)
    }

    /// The same for one call.
    pub(super) fn for_call(handle: Arc<Handle>, filter: Result<Filter, FilterError>) -> Self {
        let group = filter.map(|filter| handle.shared.group_for_call(filter));
        Self::of(handle, group)
    }

    fn of(handle: Arc<Handle>, group: Result<Arc<Group>, FilterError>) -> Self {
        let balancer = Arc::clone(&handle.shared.settings.balancer);
        Self { inner: Arc::new(Inner { handle, group, balancer, key: None }) }
    }

    /// The same workers, and calls of this channel go to the one that fits `key` best, as long as it can take them: the same key, the
    /// same worker. For workers that keep things at hand. Uses [`LoadBalancingStrategy::Affinity`].
    #[must_use]
    pub fn with_affinity(&self, key: impl AsRef<[u8]>) -> Self {
        let (key, balancer) = (Some(affinity_key(key.as_ref())), Arc::new(LoadBalancingStrategy::Affinity));
        Self { inner: Arc::new(Inner { key, balancer, ..Inner::clone(&self.inner) }) }
    }

    /// The same workers, chosen among in another way: a [`LoadBalancingStrategy`], or a [`Balancer`] of one's own.
    #[must_use]
    pub fn with_strategy(&self, balancer: impl Balancer + 'static) -> Self {
        Self { inner: Arc::new(Inner { balancer: Arc::new(balancer), ..Inner::clone(&self.inner) }) }
    }

    /// Waits until one of the workers is connected.
    ///
    /// Calls wait by themselves for connections that are being made for the first time; this is for programs that
    /// start before their workers do.
    ///
    /// # Errors
    ///
    /// The channel's text is no filter.
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again.
    pub async fn ready(&self) -> Result<(), RpcError> {
        self.ready_with(1).await
    }

    /// The same for so many of them.
    ///
    /// # Errors
    ///
    /// As for [`Self::ready`].
    ///
    /// # Cancel safety
    ///
    /// It can be waited for again.
    pub async fn ready_with(&self, workers: usize) -> Result<(), RpcError> {
        let group = self.group()?;
        let mut changes = group.changes();
        loop {
            let connected = group.picture().workers().len();
            // The sender lives as long as the group.
            if connected >= workers || changes.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// How many of the workers are connected.
    pub fn connected(&self) -> usize {
        self.group().map_or(0, |group| group.picture().workers().len())
    }

    /// Calls the method `name` with raw bytes at one of the workers, and returns the bytes that it answers.
    ///
    /// The call is made at another worker only if it never ran at the one before: see
    /// [`call_idempotent`](Self::call_idempotent).
    ///
    /// # Errors
    ///
    /// As for [`Client::call`](rpcnet::Client::call), and [`ErrorKind::NoWorker`] if there is nobody to send it to.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its end, the call is cancelled at its worker.
    pub async fn call(&self, name: &str, message: impl Into<Bytes>) -> Result<Bytes, RpcError> {
        self.call_raw(name, message.into(), false).await
    }

    /// The same for a method that does no more when it is called twice: the call is also made at another worker if the first was
    /// lost with it, and hedged if the client was told to.
    ///
    /// # Errors
    ///
    /// As for [`Self::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Self::call`].
    pub async fn call_idempotent(&self, name: &str, message: impl Into<Bytes>) -> Result<Bytes, RpcError> {
        self.call_raw(name, message.into(), true).await
    }

    async fn call_raw(&self, name: &str, message: Bytes, idempotent: bool) -> Result<Bytes, RpcError> {
        let answer = async {
            let call = Outgoing::raw(name, self.default_deadline(), idempotent)?;
            self.call_somewhere(name, &call, Raw(message)).await?.into_result()
        };
        answer.await.map_err(|error| error.in_call(name.to_owned()))
    }

    pub(super) fn handle(&self) -> &Arc<Handle> {
        &self.inner.handle
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.inner.handle.shared
    }

    pub(super) fn group(&self) -> Result<&Arc<Group>, RpcError> {
        let unusable =
            |error: &FilterError| RpcError::of_channel(ErrorKind::Configuration, Executed::No, error.to_string());
        self.inner.group.as_ref().map_err(unusable)
    }

    /// A worker that the call was not at yet.
    pub(super) fn pick(&self, tries: &Tries<'_>) -> Option<Picked> {
        let mut request = tries.request();
        if let Some(key) = self.inner.key {
            request = request.with_key(key);
        }
        tries.group().picture().pick(&*self.inner.balancer, &request)
    }

    /// Whether there is another worker that the call was not at yet, and that is as good as most.
    pub(super) fn has_other(&self, picked: &Picked, tries: &Tries<'_>) -> bool {
        tries.group().picture().has_other(picked, &tries.request())
    }

    pub(super) fn waits_for_ready(&self) -> bool {
        self.shared().config.waits_for_ready()
    }

    /// What decides about a second attempt beside the first one of this call, if anything does.
    pub(super) fn hedging(&self, call: &Outgoing, now: Time) -> Option<Arc<Hedging>> {
        if call.is_idempotent() { self.shared().hedges.as_ref()?.hedging(call.method_id(), now) } else { None }
    }
}

impl Channel for ClusterChannel {
    async fn unary(&self, call: &Outgoing, request: impl Encode + Send) -> Result<Answer, RpcError> {
        self.call_somewhere(call.method(), call, request).await
    }

    async fn streaming(
        &self,
        call: &mut OutgoingStream,
        first: Option<&[u8]>,
    ) -> Result<(RequestSink, ResponseReceiver), RpcError> {
        self.stream_somewhere(call, first).await
    }

    fn begins_again(&self, call: &OutgoingStream, refusal: &RpcError) -> bool {
        self.may_begin_again(call, refusal)
    }

    fn default_deadline(&self) -> Duration {
        self.shared().config.deadline()
    }
}

impl fmt::Debug for ClusterChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = self.inner.group.as_ref().map(|group| group.filter.to_string());
        f.debug_struct("ClusterChannel")
            .field("filter", &filter)
            .field("connected", &self.connected())
            .finish_non_exhaustive()
    }
}
