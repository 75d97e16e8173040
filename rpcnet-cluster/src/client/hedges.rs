//! How long calls take, for each method apart.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::{balance::Hedging, membership::Time};

/// One for a client: what is slow for one method is quick for another.
pub(super) struct Hedges {
    share: f64,
    /// By id. It is a hash, and there are few: searching costs less than hashing it again.
    methods: ArcSwap<Vec<(u64, Arc<Hedging>)>>,
}

impl Hedges {
    /// At most this share of each method's calls.
    pub(super) fn new(share: f64) -> Self {
        Self { share, methods: ArcSwap::default() }
    }

    /// Counts a call that may be hedged, and says when: what decides about it is shared by all calls of the method.
    pub(super) fn hedging(&self, method_id: u64, now: Time) -> Option<Arc<Hedging>> {
        let hedging = self.of(method_id)?;
        hedging.on_call(now);
        Some(hedging)
    }

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

/// More methods than that are not hedged.
const METHODS_MAX: usize = 1024;
