//! The least calls under way.

use super::{balancer::PickRequest, candidates::Candidates};

/// The worker with the least calls for its weight; equal ones by lot, so that callers which know nothing yet don't all begin
/// with the same.
pub(crate) fn pick(candidates: &Candidates, request: &PickRequest<'_>) -> Option<usize> {
    if candidates.len() <= SCANNED_MAX {
        if let Some(found) = scan(candidates, request) {
            return found;
        }
    }
    match candidates.draw_two(candidates.len(), |position| position, request) {
        (Some(one), Some(other)) if load(candidates, other, request) < load(candidates, one, request) => Some(other),
        (one, _) => one,
    }
}

/// Looks at all; `None` if what some have reported is too old for that.
fn scan(candidates: &Candidates, request: &PickRequest<'_>) -> Option<Option<usize>> {
    let mut least = (f32::INFINITY, None);
    let mut equals = 0;
    for (index, slot) in candidates.slots().iter().enumerate() {
        if !candidates.admits(index, request) {
            continue;
        }
        if slot.experience.reported.is_stale(request.now) {
            return None;
        }
        let load = load(candidates, index, request);
        match () {
            () if load < least.0 => (least, equals) = ((load, Some(index)), 1),
            () if load == least.0 => {
                equals += 1;
                if super::random::below(candidates.pool().random.next_u64() as u32, equals) == 0 {
                    least.1 = Some(index);
                }
            }
            () => {}
        }
    }
    Some(least.1)
}

/// With the call that is to come, so that among idle workers those with more capacity are preferred.
fn load(candidates: &Candidates, index: usize, request: &PickRequest<'_>) -> f32 {
    let slot = &candidates.slots()[index];
    (slot.experience.load(request.now) + 1.0) / slot.weight(request.now)
}

const SCANNED_MAX: usize = 32;
