//! What keeps calls from doing harm: budgets of retries and hedges, and restraint towards workers that refuse.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use rpcnet::{ErrorKind, Executed, RpcError};

use crate::{
    balance::{Hedging, Outcome, RetryBudget, Shedding},
    membership::Time,
};

/// One for a client: all its channels share it.
pub(super) struct Resilience {
    retries: RetryBudget,
    shedding: Option<Shedding>,
    hedges: Option<Hedges>,
}

/// How long calls take, for each method apart: what is slow for one is quick for another.
struct Hedges {
    share: f64,
    /// By id. It is a hash, and there are few: searching costs less than hashing it again.
    methods: ArcSwap<Vec<(u64, Arc<Hedging>)>>,
}

impl Resilience {
    pub(super) fn new(settings: &ResilienceSettings, seed: u64) -> Self {
        let ResilienceSettings { retry_share, retry_floor, shedding, hedge_share } = *settings;
        Self {
            retries: RetryBudget::new(retry_share, retry_floor),
            shedding: shedding.then(|| Shedding::new(seed)),
            hedges: hedge_share.map(|share| Hedges { share, methods: ArcSwap::default() }),
        }
    }

    /// Counts a call, unless it is to be refused here.
    ///
    /// # Errors
    ///
    /// The workers refuse most calls, and this one is given up to spare them. It was not sent.
    pub(super) fn admit(&self, now: Time) -> Result<(), RpcError> {
        if self.shedding.as_ref().is_some_and(|shedding| !shedding.admit(now)) {
            let message = "the workers refuse most calls, so this one was not sent; try again later";
            return Err(RpcError::of_channel(ErrorKind::Overloaded, Executed::No, message));
        }
        self.retries.on_call(now);
        Ok(())
    }

    /// Whether a failed call may be made again.
    pub(super) fn try_retry(&self, now: Time) -> bool {
        self.retries.try_retry(now)
    }

    /// Counts a call that may be hedged, and says when: what decides about it is shared by all calls of the method. `None` where
    /// calls are not hedged.
    pub(super) fn hedging(&self, method_id: u64, now: Time) -> Option<Arc<Hedging>> {
        let hedging = self.hedges.as_ref()?.of(method_id)?;
        hedging.on_call(now);
        Some(hedging)
    }

    /// Learns from an attempt. One that was refused because its worker goes away says nothing about the others.
    pub(super) fn on_attempt(&self, now: Time, outcome: Outcome, is_draining: bool) {
        if let Some(shedding) = &self.shedding
            && !is_draining
        {
            shedding.on_outcome(now, outcome);
        }
    }
}

impl Hedges {
    fn of(&self, method_id: u64) -> Option<Arc<Hedging>> {
        if let Some(hedging) = self.known(method_id) {
            return Some(hedging);
        }
        let fresh = Arc::new(Hedging::new(self.share));
        self.methods.rcu(|methods| {
            let mut methods = Vec::clone(methods);
            if let Err(index) = methods.binary_search_by_key(&method_id, |(id, _)| *id)
                // Names of raw calls may come from anywhere.
                && methods.len() < METHODS_MAX
            {
                methods.insert(index, (method_id, Arc::clone(&fresh)));
            }
            methods
        });
        self.known(method_id)
    }

    fn known(&self, method_id: u64) -> Option<Arc<Hedging>> {
        let methods = self.methods.load();
        let index = methods.binary_search_by_key(&method_id, |(id, _)| *id).ok()?;
        Some(Arc::clone(&methods[index].1))
    }
}

/// How much restraint there is.
#[derive(Clone, Debug)]
pub(super) struct ResilienceSettings {
    pub(super) retry_share: f64,
    pub(super) retry_floor: f64,
    pub(super) shedding: bool,
    /// `None` for no hedging.
    pub(super) hedge_share: Option<f64>,
}

impl Default for ResilienceSettings {
    fn default() -> Self {
        Self { retry_share: 0.1, retry_floor: 10.0, shedding: true, hedge_share: None }
    }
}

impl fmt::Debug for Resilience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resilience").field("retries", &self.retries).finish_non_exhaustive()
    }
}

/// More methods than that are not hedged.
const METHODS_MAX: usize = 1024;

/// A share that makes sense.
pub(super) fn share(share: f64) -> f64 {
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}
