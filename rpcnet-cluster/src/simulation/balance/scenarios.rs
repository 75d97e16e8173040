//! What callers and workers go through, and what is measured meanwhile.

use super::{
    figures::{Bar, Figure, Figures},
    service::Service,
    system::System,
    workers::Ailment,
    world::{Outcomes, Setup, Traffic, World},
};
use crate::balance::LoadBalancingStrategy;

/// What they go through.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// As on a command line.
    pub name: &'static str,
    /// For people.
    pub about: &'static str,
    run: fn(&Stage<'_>) -> Vec<Figure>,
}

/// How it is run.
pub struct Stage<'a> {
    /// How many seeds.
    pub seeds: u64,
    /// The first of them.
    pub first_seed: u64,
    /// Told how much is done, of 1.
    pub progress: &'a dyn Fn(f64),
}

impl Scenario {
    /// All there are.
    pub const ALL: [Self; 10] = [
        Self::new("exponential", "50 equal workers, 20 callers, load 0.8, exponential calls", |stage| {
            latencies(stage, &fifty(Service::Exponential(MEAN)))
        }),
        Self::new("heavy", "The same with bounded Pareto calls", |stage| {
            latencies(stage, &fifty(Service::Pareto(MEAN, 1.5, 1_000.0)))
        }),
        Self::new("lognormal", "The same with lognormal calls", |stage| {
            latencies(stage, &fifty(Service::Lognormal(MEAN, 1.0)))
        }),
        Self::new("uneven", "The same with exponential calls and workers of speed 1, 2 and 4", |stage| {
            let speeds = (0..50).map(|index| [1.0, 2.0, 4.0][index % 3]).collect();
            latencies(stage, &Setup { speeds, ..fifty(Service::Exponential(MEAN)) })
        }),
        Self::new("stuck", "11 workers, one of which answers after 2 s; calls are given up after 1 s", stuck),
        Self::new("outage", "All of 10 workers are down for 30 s", outage),
        Self::new("failing", "One of 10 workers fails half of its calls", failing),
        Self::new("restarts", "Ten workers start again, one after the other, and lose what they have", restarts),
        Self::new("rolling", "Four workers are replaced one after the other, at load 0.5 and 0.7", rolling),
        Self::new("return", "One of four workers returns to callers that call again when they are answered", returning),
    ];

    const fn new(name: &'static str, about: &'static str, run: fn(&Stage<'_>) -> Vec<Figure>) -> Self {
        Self { name, about, run }
    }

    /// Runs it with each seed.
    pub fn run(&self, stage: &Stage<'_>) -> Vec<Figure> {
        (self.run)(stage)
    }
}

const MEAN: f64 = 0.01;
const DEFAULT: System = System::Strategy(LoadBalancingStrategy::PowerOfTwo);

fn fifty(service: Service) -> Setup {
    Setup {
        speeds: vec![1.0; 50],
        callers: 20,
        traffic: Traffic::Open(0.8),
        service,
        seconds: 40.0,
        warmup: 10.0,
        timeout_us: u64::MAX,
        attempts: 1,
        hedged: false,
        ailments: Vec::new(),
    }
}

fn each(stage: &Stage<'_>, runs: usize, mut run: impl FnMut(u64, &mut dyn FnMut())) {
    let mut done = 0;
    for seed in stage.first_seed..stage.first_seed + stage.seeds {
        run(seed, &mut || {
            done += 1;
            (stage.progress)(f64::from(done) / (runs as f64 * stage.seeds as f64));
        });
    }
}

/// How long calls take by each system, beside the oracle and the lot.
fn latencies(stage: &Stage<'_>, setup: &Setup) -> Vec<Figure> {
    use LoadBalancingStrategy::{LeastConnections, PowerOfTwo, Random, RoundRobin};
    let others = [
        DEFAULT,
        System::Unreported(PowerOfTwo),
        System::Gossiped(PowerOfTwo),
        System::Strategy(LeastConnections),
        System::TrueCounts,
        System::ShortestQueue,
        System::TrueWork,
        System::Strategy(RoundRobin),
    ];
    let mut figures = Figures::default();
    each(stage, others.len() + 3, |seed, done| {
        let mut run = |system| {
            let outcomes = World::new(setup, system, seed).run();
            done();
            let at = |share| outcomes.latencies.at(share) * 1e3;
            (at(0.5), at(0.99), at(0.999))
        };
        let (oracle, lot, own) = (run(System::Oracle), run(System::Strategy(Random)), run(System::OwnCounts));
        let mut show = |name: &str, (p50, p99, p999): (f64, f64, f64), bars: [Option<Bar>; 3]| {
            figures.add(format!("{name}: p50"), "ms", p50, None);
            figures.add(format!("{name}: p99"), "ms", p99, None);
            figures.add(format!("{name}: p99.9"), "ms", p999, None);
            figures.add(format!("{name}: p99 over the oracle's"), "x", p99 / oracle.1, bars[0]);
            figures.add(format!("{name}: p99 over Random's"), "x", p99 / lot.1, bars[1]);
            figures.add(format!("{name}: p99 over own counts'"), "x", p99 / own.1, bars[2]);
        };
        show(&System::Oracle.name(), oracle, [None; 3]);
        show(&System::Strategy(Random).name(), lot, [None; 3]);
        show(&System::OwnCounts.name(), own, [None; 3]);
        for system in others {
            let bars = [Some(Bar::AtMost(1.8)), Some(Bar::AtMost(0.6)), Some(Bar::AtMost(1.0))];
            show(&system.name(), run(system), if system == DEFAULT { bars } else { [None; 3] });
        }
    });
    figures.finish()
}

/// How many calls succeed although one worker is stuck.
fn stuck(stage: &Stage<'_>) -> Vec<Figure> {
    use LoadBalancingStrategy::{LeastConnections, RoundRobin};
    let setup = Setup {
        speeds: vec![1.0; 11],
        callers: 10,
        traffic: Traffic::Open(0.5),
        seconds: 120.0,
        warmup: 0.0,
        timeout_us: 1_000_000,
        ailments: vec![(0.0, 3, Ailment::Slow(2_000_000))],
        ..fifty(Service::Exponential(MEAN))
    };
    let later = Setup { ailments: vec![(30.0, 3, Ailment::Slow(2_000_000))], ..setup.clone() };
    let hedged = |setup: &Setup| Setup { hedged: true, ..setup.clone() };
    let runs = [
        ("default", setup.clone(), DEFAULT, Some(99.9)),
        ("default, hedged", hedged(&setup), DEFAULT, Some(99.99)),
        ("default, stuck from 30 s on", later.clone(), DEFAULT, Some(99.9)),
        ("default, stuck from 30 s on, hedged", hedged(&later), DEFAULT, Some(99.99)),
        ("LeastConnections", setup.clone(), System::Strategy(LeastConnections), None),
        ("RoundRobin", setup.clone(), System::Strategy(RoundRobin), None),
        ("two by own counts", setup, System::OwnCounts, None),
    ];
    let mut figures = Figures::default();
    each(stage, runs.len(), |seed, done| {
        for (name, setup, system, bar) in &runs {
            let outcomes = World::new(setup, *system, seed).run();
            done();
            figures.add(format!("{name}: succeeded"), "%", succeeded(&outcomes), bar.map(Bar::AtLeast));
            figures.add(format!("{name}: p99"), "ms", outcomes.latencies.at(0.99) * 1e3, None);
            if setup.hedged {
                let extra = 100.0 * outcomes.hedges as f64 / outcomes.calls as f64;
                figures.add(format!("{name}: hedges"), "%", extra, Some(Bar::AtMost(2.0)));
            }
        }
    });
    figures.finish()
}

/// Attempts while nobody answers, and how soon all is well again.
fn outage(stage: &Stage<'_>) -> Vec<Figure> {
    const DOWN: (f64, f64) = (20.0, 50.0);
    let workers = 10;
    let at = |at: f64, ailment| (0..workers).map(move |worker| (at, worker, ailment));
    let setup = Setup {
        speeds: vec![1.0; workers],
        callers: 10,
        traffic: Traffic::Open(0.6),
        seconds: 70.0,
        warmup: DOWN.0,
        timeout_us: 1_000_000,
        attempts: 3,
        ailments: at(DOWN.0, Ailment::Down).chain(at(DOWN.1, Ailment::None)).collect(),
        ..fifty(Service::Exponential(MEAN))
    };
    let during = Setup { seconds: DOWN.1, ..setup.clone() };
    let mut figures = Figures::default();
    each(stage, 2, |seed, done| {
        let outcomes = World::new(&during, DEFAULT, seed).run();
        done();
        // Ten retries a second are always allowed to each caller, and ten seconds' worth at once.
        let floor = during.callers as f64 * 10.0 * (DOWN.1 - DOWN.0 + 10.0);
        let attempts = (outcomes.attempts as f64 - floor).max(0.0) / outcomes.calls as f64;
        figures.add("attempts for each call, above the floor", "x", attempts, Some(Bar::AtMost(1.1)));
        figures.add("attempts for each call, all", "x", outcomes.attempts as f64 / outcomes.calls as f64, None);
        let outcomes = World::new(&setup, DEFAULT, seed).run();
        done();
        let last_failed =
            outcomes.ended.iter().filter(|(_, succeeded)| !succeeded).map(|(at, _)| *at).fold(0.0, f64::max);
        figures.add("last failed call after the return", "s", last_failed - DOWN.1, Some(Bar::AtMost(2.0)));
        figures.add(
            "every worker has its share after",
            "s",
            shares_even(&outcomes, workers, DOWN.1),
            Some(Bar::AtMost(2.0)),
        );
    });
    figures.finish()
}

/// How long after `from` it takes until each worker answers at least half of its share in each second, until the end.
fn shares_even(outcomes: &Outcomes, workers: usize, from: f64) -> f64 {
    const SLOT: f64 = 1.0;
    let slot_of = |at: f64| ((at - from) / SLOT) as usize;
    let last = outcomes.answers.iter().map(|(at, _)| *at).fold(from, f64::max);
    let mut counts = vec![vec![0u32; workers]; slot_of(last) + 1];
    for (at, worker) in outcomes.answers.iter().filter(|(at, _)| *at >= from) {
        counts[slot_of(*at)][*worker] += 1;
    }
    // The last slot is not full.
    counts.pop();
    let is_even = |counts: &Vec<u32>| {
        let share = counts.iter().sum::<u32>() as f64 / workers as f64;
        counts.iter().all(|&count| f64::from(count) >= share / 2.0)
    };
    let uneven = counts.iter().rposition(|counts| !is_even(counts)).map_or(0, |slot| slot + 1);
    uneven as f64 * SLOT
}

/// What callers notice of a worker that fails every other call at once.
fn failing(stage: &Stage<'_>) -> Vec<Figure> {
    let setup = Setup {
        speeds: vec![1.0; 10],
        callers: 5,
        traffic: Traffic::Open(0.5),
        seconds: 120.0,
        warmup: 0.0,
        timeout_us: 1_000_000,
        ailments: vec![(20.0, 3, Ailment::Failing(0.5))],
        ..fifty(Service::Exponential(MEAN))
    };
    let retried = Setup { attempts: 3, ..setup.clone() };
    let runs = [("default", &setup, Some(99.5)), ("default, retried", &retried, Some(99.99))];
    run_all(stage, &runs)
}

/// What callers notice of workers that start again without drain, one after the other.
fn restarts(stage: &Stage<'_>) -> Vec<Figure> {
    let workers = 10;
    let restart = |worker: usize| {
        let at = 20.0 + 8.0 * worker as f64;
        [(at, worker, Ailment::Down), (at + 2.0, worker, Ailment::None)]
    };
    let setup = Setup {
        speeds: vec![1.0; workers],
        callers: 10,
        traffic: Traffic::Open(0.5),
        seconds: 120.0,
        warmup: 0.0,
        timeout_us: 1_000_000,
        ailments: (0..workers).flat_map(restart).collect(),
        ..fifty(Service::Exponential(MEAN))
    };
    let retried = Setup { attempts: 3, ..setup.clone() };
    run_all(stage, &[("default", &setup, None), ("default, retried", &retried, Some(99.99))])
}

/// What slow start costs while workers are replaced, over replacing them without it.
fn rolling(stage: &Stage<'_>) -> Vec<Figure> {
    const FROM: f64 = 20.0;
    let workers = 4;
    let replaced = |by: Ailment| {
        let times = (0..workers).map(|worker| (FROM + 5.0 * worker as f64, worker));
        times.flat_map(move |(at, worker)| [(at, worker, Ailment::Down), (at + 1.0, worker, by)]).collect()
    };
    let setup = |load: f64, by: Ailment| Setup {
        speeds: vec![1.0; workers],
        callers: 10,
        traffic: Traffic::Open(load),
        seconds: 60.0,
        warmup: FROM,
        timeout_us: 5_000_000,
        attempts: 3,
        ailments: replaced(by),
        ..fifty(Service::Exponential(MEAN))
    };
    let loads = [0.5, 0.7];
    let mut figures = Figures::default();
    each(stage, 2 * loads.len(), |seed, done| {
        for load in loads {
            let p99 = [Ailment::Renewed, Ailment::None].map(|by| {
                let outcomes = World::new(&setup(load, by), DEFAULT, seed).run();
                done();
                outcomes.latencies.at(0.99)
            });
            figures.add(format!("load {load}: p99"), "ms", p99[0] * 1e3, None);
            figures.add(
                format!("load {load}: p99 over that without slow start"),
                "x",
                p99[0] / p99[1],
                Some(Bar::AtMost(1.5)),
            );
        }
    });
    figures.finish()
}

/// How soon a worker that was away has its share of calls that are only made when others have ended.
fn returning(stage: &Stage<'_>) -> Vec<Figure> {
    const AWAY: (f64, f64) = (5.0, 10.0);
    let workers = 4;
    let setup = Setup {
        speeds: vec![1.0; workers],
        seconds: 30.0,
        warmup: 0.0,
        attempts: 3,
        ailments: vec![(AWAY.0, 3, Ailment::Down), (AWAY.1, 3, Ailment::None)],
        ..fifty(Service::Exponential(MEAN))
    };
    let traffic = [(20, 1), (20, 4), (40, 1), (8, 2), (4, 16), (2, 2)];
    let mut figures = Figures::default();
    each(stage, traffic.len(), |seed, done| {
        for (callers, calls) in traffic {
            let setup = Setup { callers, traffic: Traffic::Closed(calls), ..setup.clone() };
            let outcomes = World::new(&setup, DEFAULT, seed).run();
            done();
            let name = format!("{callers} callers, {calls} calls each");
            let even = shares_even(&outcomes, workers, AWAY.1);
            figures.add(format!("{name}: it has its share after"), "s", even, Some(Bar::AtMost(10.0)));
            let last = outcomes.answers.iter().filter(|(at, _)| *at > 20.0);
            let (all, own) = last.fold((0, 0), |(all, own), (_, worker)| (all + 1, own + u32::from(*worker == 3)));
            figures.add(format!("{name}: its share at last"), "%", 100.0 * f64::from(own) / f64::from(all), None);
            figures.add(format!("{name}: p99"), "ms", outcomes.latencies.at(0.99) * 1e3, None);
        }
    });
    figures.finish()
}

fn run_all(stage: &Stage<'_>, runs: &[(&str, &Setup, Option<f64>)]) -> Vec<Figure> {
    let mut figures = Figures::default();
    each(stage, runs.len(), |seed, done| {
        for (name, setup, bar) in runs {
            let outcomes = World::new(setup, DEFAULT, seed).run();
            done();
            figures.add(format!("{name}: succeeded"), "%", succeeded(&outcomes), bar.map(Bar::AtLeast));
            figures.add(format!("{name}: p99"), "ms", outcomes.latencies.at(0.99) * 1e3, None);
        }
    });
    figures.finish()
}

fn succeeded(outcomes: &Outcomes) -> f64 {
    100.0 * (outcomes.calls - outcomes.failed) as f64 / outcomes.calls as f64
}
