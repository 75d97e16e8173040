//! Near workers first, and only as much elsewhere as the near ones can't take.

use std::collections::BTreeMap;

use super::{
    candidates::{CandidateOptions, Candidates},
    experience::Standing,
    random::unit,
    worker::Worker,
};

/// The candidates by zone, and which share of the calls stays near: Envoy's zone aware routing.
///
/// If the near zone has at least the share of capacity that it has of callers, all calls stay. Else so many stay as it can
/// take, and the rest goes to the zones that have more capacity than callers, in proportion to what they have over.
#[derive(Debug)]
pub(crate) struct Zones {
    local: Box<[u32]>,
    /// The share of calls that stays, of 1.
    stays: f64,
    /// Other zones that can take some, each with the running sum of what it can take.
    others: Box<[(f64, Box<[u32]>)]>,
}

#[derive(Default)]
struct Zone {
    members: Vec<u32>,
    capacity: f64,
    callers: f64,
}

impl Zones {
    /// `None` if it is not known what is near, or nothing is.
    pub(crate) fn new(workers: &[Worker], options: &CandidateOptions) -> Option<Self> {
        let local = options.local_zone.as_deref()?;
        let mut zones = by_zone(workers, &options.callers);
        normalize(&mut zones);
        let near = zones.remove(local).filter(|near| !near.members.is_empty())?;
        let stays = if near.capacity >= near.callers { 1.0 } else { near.capacity / near.callers };
        let mut sum = 0.0;
        let spare = zones.into_values().filter(|zone| zone.capacity > zone.callers);
        let others = spare.map(|zone| {
            sum += zone.capacity - zone.callers;
            (sum, zone.members.into())
        });
        Some(Self { local: near.members.into(), stays, others: others.collect() })
    }

    /// The zone for one call: near, or one of the others in proportion to what they can take. A near worker drawn at
    /// random that is not admitted sends the call elsewhere: so the near zone loses the share of its workers that is out.
    pub(crate) fn members(&self, candidates: &Candidates, admits: impl Fn(usize) -> bool) -> &[u32] {
        let random = &candidates.pool().random;
        let near = self.local[super::random::below(random.next_u64() as u32, self.local.len())];
        if self.others.is_empty() || (random.unit() < self.stays && admits(near as usize)) {
            return &self.local;
        }
        let total = self.others.last().map_or(0.0, |(sum, _)| *sum);
        let at = unit(random.next_u64()) * total;
        let index = self.others.partition_point(|(sum, _)| *sum <= at);
        self.others.get(index).map_or(&self.local, |(_, members)| members)
    }
}

fn by_zone<'a>(workers: &'a [Worker], callers: &'a [(String, f64)]) -> BTreeMap<&'a str, Zone> {
    let mut zones = BTreeMap::<&str, Zone>::new();
    for (index, worker) in workers.iter().enumerate() {
        let zone = zones.entry(worker.zone().unwrap_or_default()).or_default();
        zone.members.push(index as u32);
        if worker.info().standing() == Standing::Ready {
            zone.capacity += f64::from(worker.capacity());
        }
    }
    if callers.is_empty() {
        zones.values_mut().for_each(|zone| zone.callers = 1.0);
    }
    for (name, callers) in callers {
        zones.entry(name).or_default().callers = callers.max(0.0);
    }
    zones
}

/// Makes capacities and callers shares of one.
fn normalize(zones: &mut BTreeMap<&str, Zone>) {
    let sum =
        |of: fn(&Zone) -> f64, zones: &BTreeMap<&str, Zone>| zones.values().map(of).sum::<f64>().max(f64::MIN_POSITIVE);
    let (capacity, callers) = (sum(|zone| zone.capacity, zones), sum(|zone| zone.callers, zones));
    for zone in zones.values_mut() {
        zone.capacity /= capacity;
        zone.callers /= callers;
    }
}
