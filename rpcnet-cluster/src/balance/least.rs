//! The least calls under way.

use super::{
    balancer::PickRequest,
    candidates::{Candidates, Slot},
    random::below,
};

/// The worker with the least calls for its weight; equal ones by lot, so that callers which know nothing yet don't all begin
/// with the same.
pub(crate) fn pick(candidates: &Candidates, request: &PickRequest<'_>) -> Option<usize> {
    if candidates.len() <= SCANNED_MAX
        && let Some(found) = scan(candidates, request)
    {
        return found;
    }
    match candidates.draw_two(candidates.len(), |position| position, request) {
        (Some(one), Some(other)) if load(candidates, other, request) < load(candidates, one, request) => Some(other),
        (one, _) => one,
    }
}

/// Looks at all; `None` if what some have reported is too old for that.
fn scan(candidates: &Candidates, request: &PickRequest<'_>) -> Option<Option<usize>> {
    let is_stale = |slot: &Slot| slot.experience.reported.is_stale(request.now);
    if candidates.slots().iter().any(is_stale) {
        return None;
    }
    Some(cheapest_admitted(candidates, 0..candidates.len(), request, |index| load(candidates, index, request)))
}

/// The cheapest of those that are admitted. New ones are there by lot, unless nobody else is.
pub(crate) fn cheapest_admitted(
    candidates: &Candidates,
    indices: impl Iterator<Item = usize> + Clone,
    request: &PickRequest<'_>,
    cost: impl Fn(usize) -> f32,
) -> Option<usize> {
    let warm = indices.clone().filter(|&index| candidates.admits_warm(index, request));
    cheapest(candidates, warm, &cost)
        .or_else(|| cheapest(candidates, indices.filter(|&index| candidates.admits(index, request)), &cost))
}

/// The one that costs least; equal ones by lot.
fn cheapest(
    candidates: &Candidates,
    indices: impl Iterator<Item = usize>,
    cost: impl Fn(usize) -> f32,
) -> Option<usize> {
    let (mut least, mut cheapest, mut equals) = (f32::INFINITY, None, 0);
    for index in indices {
        let cost = cost(index);
        match () {
            () if cost < least => (least, cheapest, equals) = (cost, Some(index), 1),
            () if cost == least => {
                // Each of so many equal ones stays with the same chance.
                equals += 1;
                if below(candidates.pool().random.next_u64() as u32, equals) == 0 {
                    cheapest = Some(index);
                }
            }
            () => {}
        }
    }
    cheapest
}

/// With the call that is to come, so that among idle workers those with more capacity are preferred.
fn load(candidates: &Candidates, index: usize, request: &PickRequest<'_>) -> f32 {
    let slot = &candidates.slots()[index];
    (slot.experience.load(request.now) + 1.0) / slot.weight()
}

const SCANNED_MAX: usize = 32;
