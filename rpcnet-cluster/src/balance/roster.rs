//! All workers that a source knows, and what was experienced with each.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{experience::Experience, info::WorkerInfo, load::LoadReport, pool::Pool, worker::Worker};
use crate::{NodeId, membership::Time};

/// All workers that a source knows, and what was experienced with each.
///
/// It keeps what was experienced with a worker while the worker is away, so that one that comes and goes does not start
/// anew each time; for so many that it stays within twice the workers there are, and 64.
#[derive(Debug)]
pub struct Roster {
    pool: Arc<Pool>,
    known: HashMap<NodeId, Known>,
    /// When there were workers first.
    began: Option<Time>,
}

#[derive(Debug)]
struct Known {
    generation: u64,
    experience: Arc<Experience>,
    present: bool,
    /// What it published of its load last.
    load: Option<Box<str>>,
}

impl Roster {
    /// A roster without workers. Picks are random by `seed`: give each process another one.
    pub fn new(seed: u64) -> Self {
        Self { pool: Arc::new(Pool::new(seed)), known: HashMap::new(), began: None }
    }

    /// Takes what the source says now, all of it, and returns the workers in that order. A name that comes twice counts as its
    /// last.
    ///
    /// Workers of the first ten seconds are taken for warm: whoever has just started learns of them one by one. One that appears
    /// later, or starts again, gets its share slowly: from a tenth of it to all of it within 30 s. Sooner where the others have
    /// several times as much to do, and at once while more than half of the workers are new.
    ///
    /// What a worker publishes of its load, with [`LoadReport::TAG`], is taken when it changes.
    pub fn update(&mut self, now: Time, infos: impl IntoIterator<Item = WorkerInfo>) -> Arc<[Worker]> {
        self.pool.tell(now);
        self.known.values_mut().for_each(|known| known.present = false);
        let workers: Arc<[Worker]> = infos.into_iter().map(|info| self.admit(now, info)).collect();
        if !workers.is_empty() {
            self.began.get_or_insert(now);
        }
        if self.known.len() > 2 * workers.len() + 64 {
            self.known.retain(|_, known| known.present || Arc::strong_count(&known.experience) > 1);
        }
        workers
    }

    fn admit(&mut self, now: Time, info: WorkerInfo) -> Worker {
        let appeared = self.began.filter(|began| now.since(*began) > LEARNING).map(|_| now);
        let fresh = || Arc::new(Experience::new(Arc::clone(&self.pool), appeared));
        let known = self.known.entry(info.id.clone()).or_insert_with(|| Known {
            generation: info.generation,
            experience: fresh(),
            present: true,
            load: None,
        });
        known.present = true;
        if known.generation != info.generation {
            known.generation = info.generation;
            known.experience = fresh();
            known.load = None;
        }
        let load = info.tags.get(LoadReport::TAG);
        if load != known.load.as_deref() {
            known.load = load.map(Box::from);
            if let Some(report) = load.and_then(LoadReport::from_tag) {
                known.experience.hear(now, &report);
            }
        }
        Worker::new(info, Arc::clone(&known.experience))
    }

    /// Says what time it is, for those questions that are asked without one: [`Worker::is_healthy`].
    pub fn tick(&self, now: Time) {
        self.pool.tell(now);
    }
}

/// Twice what it takes until a node that joins has seen all others.
const LEARNING: Duration = Duration::from_secs(10);
