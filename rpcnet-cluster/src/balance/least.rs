//! The least calls under way.

use super::{
    balancer::PickRequest,
    candidates::{Candidates, Slot},
    random::{Lots, below},
};

/// The worker with the least calls for its weight; equal ones by lot, so that callers which know nothing yet don't all begin
/// with the same.
pub(crate) fn pick(candidates: &Candidates, request: &PickRequest<'_>) -> Option<usize> {
    if candidates.len() <= SCANNED_MAX
        && let Some(found) = scan(candidates, request)
    {
        return found;
    }
    let drawn = candidates.draw_two(candidates.len(), |position| position, request);
    cheaper(candidates, drawn, request, |index| load(candidates, index, request))
}

/// Looks at all; `None` if what some have reported is too old for that.
fn scan(candidates: &Candidates, request: &PickRequest<'_>) -> Option<Option<usize>> {
    let is_stale = |slot: &Slot| slot.experience.reported.is_stale(request.now);
    if candidates.slots().iter().any(is_stale) {
        return None;
    }
    Some(cheapest_admitted(candidates, 0..candidates.len(), request, |index| load(candidates, index, request)))
}

/// The cheapest of those that are admitted, new ones by lot unless the others cost a multiple.
pub(crate) fn cheapest_admitted(
    candidates: &Candidates,
    indices: impl Iterator<Item = usize>,
    request: &PickRequest<'_>,
    cost: impl Fn(usize) -> f32,
) -> Option<usize> {
    let admitted = indices.filter(|&index| candidates.admits(index, request));
    cheapest(candidates, admitted, |index| cost(index) * candidates.reluctance(index, request.now))
}

/// The same of two that were drawn.
pub(crate) fn cheaper(
    candidates: &Candidates,
    drawn: (Option<usize>, Option<usize>),
    request: &PickRequest<'_>,
    cost: impl Fn(usize) -> f32,
) -> Option<usize> {
    let (Some(one), Some(other)) = drawn else { return drawn.0 };
    let cost = |index| cost(index) * candidates.reluctance(index, request.now);
    Some(if cost(other) < cost(one) { other } else { one })
}

/// The one that costs least; equal ones by lot.
fn cheapest(
    candidates: &Candidates,
    indices: impl Iterator<Item = usize>,
    cost: impl Fn(usize) -> f32,
) -> Option<usize> {
    let (mut least, mut cheapest, mut equals) = (f32::INFINITY, None, 0);
    let mut lots = None;
    for index in indices {
        let cost = cost(index);
        match () {
            () if cost < least => (least, cheapest, equals) = (cost, Some(index), 1),
            () if cost == least => {
                // Each of so many equal ones stays with the same chance.
                equals += 1;
                let lots: &mut Lots = lots.get_or_insert_with(|| candidates.pool().random.lots());
                if below(lots.next_u64() as u32, equals) == 0 {
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
