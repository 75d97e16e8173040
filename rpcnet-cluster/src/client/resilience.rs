//! What keeps calls from doing harm: a budget of retries, and restraint towards workers that refuse.

use std::fmt;

use rpcnet::{ErrorKind, Executed, RpcError};

use crate::{
    balance::{Outcome, RetryBudget, Shedding},
    membership::Time,
};

/// One for the workers that a filter names, which all calls to them share.
pub(super) struct Resilience {
    retries: RetryBudget,
    shedding: Option<Shedding>,
}

impl Resilience {
    pub(super) fn new(settings: &ResilienceSettings, seed: u64) -> Self {
        let ResilienceSettings { retry_share, retry_floor, shedding } = *settings;
        Self { retries: RetryBudget::new(retry_share, retry_floor), shedding: shedding.then(|| Shedding::new(seed)) }
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

    /// Learns from an attempt. One that was refused because its worker goes away says nothing about the others.
    pub(super) fn on_attempt(&self, now: Time, outcome: Outcome, is_draining: bool) {
        if let Some(shedding) = &self.shedding
            && !is_draining
        {
            shedding.on_outcome(now, outcome);
        }
    }
}

/// How much restraint there is.
#[derive(Clone, Debug)]
pub(super) struct ResilienceSettings {
    pub(super) retry_share: f64,
    pub(super) retry_floor: f64,
    pub(super) shedding: bool,
}

impl Default for ResilienceSettings {
    fn default() -> Self {
        Self { retry_share: 0.1, retry_floor: 10.0, shedding: true }
    }
}

impl fmt::Debug for Resilience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resilience").field("retries", &self.retries).finish_non_exhaustive()
    }
}

/// A share that makes sense.
pub(super) fn share(share: f64) -> f64 {
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}
