//! How a cluster client is told what to do.

use std::{fmt, sync::Arc, time::Duration};

use rpcnet::ClientConfig;

use super::{
    ClusterClient,
    observer::Observer,
    resilience::{ResilienceSettings, share},
};
use crate::{
    balance::{Balancer, CandidateOptions, LoadBalancingStrategy, Subset, Tried},
    source::WorkerSource,
};

/// Collects a client's settings; [`start`](Self::start) makes it. Everything has a default.
#[must_use = "nothing happens until `start()` is called"]
pub struct ClusterClientBuilder<S> {
    source: S,
    config: ClientConfig,
    settings: Settings,
}

/// The settings themselves.
pub(super) struct Settings {
    pub(super) balancer: Arc<dyn Balancer>,
    pub(super) candidates: CandidateOptions,
    pub(super) attempts_max: u32,
    pub(super) connect_timeout: Duration,
    pub(super) resilience: ResilienceSettings,
    /// `None` for no hedging.
    pub(super) hedge_share: Option<f64>,
    pub(super) observer: Option<Box<dyn Observer>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            balancer: Arc::new(LoadBalancingStrategy::default()),
            candidates: CandidateOptions::default(),
            attempts_max: 3,
            connect_timeout: CONNECT_TIMEOUT,
            resilience: ResilienceSettings::default(),
            hedge_share: None,
            observer: None,
        }
    }
}

impl<S: WorkerSource> ClusterClientBuilder<S> {
    pub(super) fn new(source: S, config: ClientConfig) -> Self {
        Self { source, config, settings: Settings::default() }
    }

    /// How workers are chosen (default: [`LoadBalancingStrategy::PowerOfTwo`]): a [`LoadBalancingStrategy`], or a
    /// [`Balancer`] of one's own.
    pub fn with_strategy(mut self, balancer: impl Balancer + 'static) -> Self {
        self.settings.balancer = Arc::new(balancer);
        self
    }

    /// The zone that this process stands in (default: none), for [`LoadBalancingStrategy::ZoneAware`].
    pub fn with_zone(mut self, zone: impl Into<String>) -> Self {
        self.settings.candidates.local_zone = Some(zone.into());
        self
    }

    /// Connect to some of the workers that a filter names only, and call those (default: all). One of them that can't be reached
    /// is replaced when its source knows it no longer.
    pub fn with_subset(mut self, subset: Subset) -> Self {
        self.settings.candidates.subset = Some(subset);
        self
    }

    /// How many workers a call is sent to at most, one after the other or side by side (default: 3; from 1 to
    /// [`Tried::MAX`](crate::balance::Tried::MAX), 8: what is beyond counts as that).
    ///
    /// A worker that goes away, or whose connection was lost before anything was sent, does not count: moving on costs
    /// nobody anything.
    pub fn with_attempts_max(mut self, attempts: u32) -> Self {
        self.settings.attempts_max = attempts.clamp(1, Tried::MAX as u32);
        self
    }

    /// How many more attempts than calls there may be (default: a tenth, and 10 a second on top), over 10 s. `share` is from 0
    /// to 1.
    ///
    /// When it is spent, a call that fails is not made again. It keeps a pool that fails from being asked twice and thrice as
    /// often. The workers of each filter in use have one of their own, whatever channels call them: a worker that ten filters name
    /// may get ten times `floor_per_second`.
    pub fn with_retry_budget(mut self, retries: f64, floor_per_second: u32) -> Self {
        self.settings.resilience.retry_share = share(retries);
        self.settings.resilience.retry_floor = floor_per_second.into();
        self
    }

    /// Whether calls of `idempotent` methods that take longer than 95% of their like are made at a second worker too, so that
    /// the first answer counts (default: false). The other one is cancelled. For each method, at most 2% of the calls of the last 10 s are (see
    /// [`with_hedge_share`](Self::with_hedge_share)), but one may always be, and beyond that four that have used up half of the
    /// time that they had when they were sent. While too few calls of the method were answered to tell what is long, that
    /// half is.
    ///
    /// For callers whose slowest calls matter: one slow worker no longer shows.
    pub fn with_hedging(mut self, hedge: bool) -> Self {
        self.settings.hedge_share = hedge.then_some(HEDGE_SHARE);
        self
    }

    /// Turns hedging on, for at most this share of each method's calls, from 0 to 1, and the few that
    /// [`with_hedging`](Self::with_hedging) allows beyond any share.
    pub fn with_hedge_share(mut self, hedges: f64) -> Self {
        self.settings.hedge_share = Some(share(hedges));
        self
    }

    /// Whether calls are given up before they are sent while workers refuse more than half of them (default: true), by lot,
    /// and up to nine of ten. Refusing costs workers something as well. The workers of each filter count by themselves.
    pub fn with_shedding(mut self, shed: bool) -> Self {
        self.settings.resilience.shedding = shed;
        self
    }

    /// How long an attempt to connect to a worker may take (default: 2 s, or the configuration's own if that is shorter).
    ///
    /// A worker that comes back is found within that time and half a second, whoever told of it or did not. Raise it for workers
    /// that are far away.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// Who is told what happens to calls and workers (default: nobody).
    pub fn with_observer(mut self, observer: impl Observer) -> Self {
        self.settings.observer = Some(Box::new(observer));
        self
    }

    /// Starts the client. Its tasks run on the current tokio runtime, until the client and all its channels are dropped.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(self) -> ClusterClient {
        ClusterClient::run(self.source, self.config, self.settings)
    }
}

impl<S> fmt::Debug for ClusterClientBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterClientBuilder")
            .field("balancer", &self.settings.balancer)
            .field("attempts_max", &self.settings.attempts_max)
            .finish_non_exhaustive()
    }
}

/// One more in fifty.
const HEDGE_SHARE: f64 = 0.02;

/// Two lost packets of a handshake, and no more: there are other workers meanwhile.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
