//! What keeps calls from doing harm: budgets of retries and hedges, and restraint towards workers that refuse.

use std::time::Duration;

use rpcnet::RpcError;

use crate::{balance::Outcome, membership::Time};

/// One for a client: all its channels share it.
#[derive(Debug, Default)]
pub(super) struct Resilience {}

impl Resilience {
    /// Counts a call, unless it is to be refused here.
    pub(super) fn admit(&self, _now: Time) -> Result<(), RpcError> {
        Ok(())
    }

    /// Whether a failed call may be made again.
    pub(super) fn try_retry(&self, _now: Time) -> bool {
        true
    }

    /// Whether a slow call may be made again beside itself.
    pub(super) fn try_hedge(&self, _now: Time) -> bool {
        true
    }

    /// How long a call is given before it counts as slow; `None` where calls are not hedged.
    pub(super) fn hedge_delay(&self) -> Option<Duration> {
        None
    }

    /// Learns from an attempt.
    pub(super) fn on_attempt(&self, _now: Time, _began: Time, _outcome: Outcome) {}
}
