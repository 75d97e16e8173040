//! Equal keys to the same worker, within bounds.

use super::{
    balancer::PickRequest,
    candidates::{Candidates, Slot},
    random::unit,
};
use crate::membership::mix;

/// The worker with the highest score for this key (rendezvous hashing, Thaler and Ravishankar 1998) among those with room.
pub(crate) fn pick(candidates: &Candidates, request: &PickRequest<'_>, key: u64) -> Option<usize> {
    let (mut best, mut calls, mut capacity) = (None, 1.0, 0.0);
    for (index, slot) in candidates.slots().iter().enumerate() {
        if candidates.admits(index, request) {
            calls += slot.experience.load(request.now);
            capacity += slot.capacity;
            best = better(best, index, slot, key);
        }
    }
    // Each may have so many calls for each unit of its capacity.
    let bound = BOUND * calls / capacity.max(1.0);
    let has_room = |slot: &Slot| slot.experience.load(request.now) + 1.0 <= (bound * slot.capacity).ceil();
    if best.is_none_or(|(_, index)| has_room(&candidates.slots()[index])) {
        return best.map(|(_, index)| index);
    }
    let mut next = None;
    for (index, slot) in candidates.slots().iter().enumerate() {
        if has_room(slot) && candidates.admits(index, request) {
            next = better(next, index, slot, key);
        }
    }
    next.or(best).map(|(_, index)| index)
}

fn better(best: Option<(f64, usize)>, index: usize, slot: &Slot, key: u64) -> Option<(f64, usize)> {
    // The best of as many lots as its capacity has units is distributed as one lot to the power of its inverse.
    let score = unit(mix(slot.key ^ key)).ln() / f64::from(slot.capacity);
    match best {
        Some((highest, _)) if highest >= score => best,
        _ => Some((score, index)),
    }
}

/// The paper's c: at 1.25, one call in some hundred goes elsewhere than in an unbounded ring, and no worker has more than a
/// quarter over its share.
const BOUND: f32 = 1.25;
