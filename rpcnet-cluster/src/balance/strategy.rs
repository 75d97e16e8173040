//! The strategies that come with the crate.

use super::{
    affinity,
    balancer::{Balancer, PickRequest},
    candidates::Candidates,
    least,
    worker::Worker,
};

/// How a worker is chosen. A plain value: what it needs to remember is in the [`Candidates`].
///
/// All of them pass over workers that are out of order or draining as [`Candidates::is_eligible`] says, and give a worker that
/// has just appeared its share slowly. Several callers know nothing of each other but what workers tell: rpcnet's servers say with
/// their answers how many calls of other callers they have, and others may be told of by [`Worker::report_load`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadBalancingStrategy {
    /// One after the other. For equal workers and calls of equal cost. It notices nothing.
    RoundRobin,
    /// Any. For tests, and to compare with.
    Random,
    /// The least calls under way for its `capacity`: its own, and those of others as far as the last report is believed,
    /// which is e^-1 of it after a second. Among up to 32 workers it looks at all, unless what they reported is stale (then
    /// all callers would go to the same one); else it takes the better of two drawn by lot. For calls that last.
    LeastConnections,
    /// The better of two drawn by lot (Mitzenmacher 2001), by peak-EWMA latency (Finagle) times calls under way, for its
    /// `capacity`. Notices slow workers as well as busy ones, within a call of them getting slower. Among up to 64 workers it looks at
    /// all: each caller knows something else, so they don't all go to the same one. Calls of others count as far as the worker
    /// told of them lately, and one that has not answered lately counts as busier than the others; what gossip says of them is
    /// too old for that, and does not count.
    #[default]
    PowerOfTwo,
    /// In proportion to the tag `capacity`, evenly spread from the first calls on. For workers that know what they can take.
    Weighted,
    /// Workers of the same zone first, and elsewhere what those can't take; the better of two within a zone. Needs
    /// [`CandidateOptions::local_zone`](super::CandidateOptions::local_zone); without it, it is [`Self::PowerOfTwo`].
    ZoneAware,
    /// Equal keys to the same worker (rendezvous hashing, weighted by `capacity`), unless it has more than 1.25 times the calls
    /// that its capacity makes its share: then to the next (Mirrokni, Thorup and Zadimoghaddam 2018). For
    /// workers that keep things at hand. Needs [`PickRequest::with_key`]; a call without a key is sent by
    /// [`Self::PowerOfTwo`]. Looks at all workers: some microseconds for 1,000.
    Affinity,
}

impl Balancer for LoadBalancingStrategy {
    fn pick<'a>(&self, candidates: &'a Candidates, request: &PickRequest<'_>) -> Option<&'a Worker> {
        if candidates.is_empty() {
            return None;
        }
        let index = match self {
            Self::RoundRobin => in_turn(candidates, request),
            Self::Random => by_lot(candidates, request),
            Self::LeastConnections => least::pick(candidates, request),
            Self::PowerOfTwo => two_choices(candidates, request),
            Self::Weighted => by_weight(candidates, request),
            Self::ZoneAware => near_first(candidates, request),
            Self::Affinity => match request.key {
                Some(key) => affinity::pick(candidates, request, key),
                None => two_choices(candidates, request),
            },
        };
        index.map(|index| &candidates.workers()[index])
    }
}

fn in_turn(candidates: &Candidates, request: &PickRequest<'_>) -> Option<usize> {
    let mut turns = (0..candidates.len() + TRIES).map(|_| candidates.cursor.turn());
    turns.find(|&index| candidates.admits_warm(index, request))
}

fn by_lot(candidates: &Candidates, request: &PickRequest<'_>) -> Option<usize> {
    let random = &candidates.pool().random;
    let mut lots = (0..TRIES).map(|_| super::random::below(random.next_u64() as u32, candidates.len()));
    lots.find(|&index| candidates.admits_warm(index, request))
}

fn by_weight(candidates: &Candidates, request: &PickRequest<'_>) -> Option<usize> {
    let mut owners = (0..TRIES).filter_map(|_| candidates.weights.owner(candidates.cursor.point()));
    owners.find(|&index| candidates.admits_warm(index, request))
}

fn two_choices(candidates: &Candidates, request: &PickRequest<'_>) -> Option<usize> {
    better_of_two(candidates, candidates.len(), |position| position, request)
}

fn near_first(candidates: &Candidates, request: &PickRequest<'_>) -> Option<usize> {
    let Some(zones) = &candidates.zones else { return two_choices(candidates, request) };
    let members = zones.members(candidates, |index| candidates.admits(index, request));
    better_of_two(candidates, members.len(), |position| members[position] as usize, request)
        .or_else(|| two_choices(candidates, request))
}

fn better_of_two(
    candidates: &Candidates,
    count: usize,
    index_of: impl Fn(usize) -> usize + Clone,
    request: &PickRequest<'_>,
) -> Option<usize> {
    if count == 1 {
        // Nothing to compare.
        return Some(index_of(0)).filter(|&index| candidates.admits(index, request));
    }
    let usual = candidates.pool().usual();
    let cost = |index: usize| {
        let slot = &candidates.slots()[index];
        slot.experience.cost(request.now, &usual) / slot.weight()
    };
    if count <= SCANNED_MAX {
        return least::cheapest_admitted(candidates, (0..count).map(index_of), request, cost);
    }
    least::cheaper(candidates, candidates.draw_two(count, index_of, request), request, cost)
}

/// In simulation, with 50 workers and 20 callers, p99 is 2.6 times that of an oracle with two choices and 1.6 times
/// with all (BALANCING.md). Beyond this, two choices cost less than they lose.
const SCANNED_MAX: usize = 64;
/// How many draws by lot before all workers are looked at.
const TRIES: usize = 16;
