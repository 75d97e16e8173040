//! Callers, workers, the clock, and what happens between them.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::{
    caller::Caller,
    service::Service,
    system::System,
    trace::{Arrival, trace},
    workers::{Ailment, SimulatedWorker},
};

use crate::{
    balance::{Outcome, TimedCall, Tried},
    membership::{Random, Time},
    simulation::Quantiles,
};

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How fast each worker is.
    pub speeds: Vec<f64>,
    /// How many callers.
    pub callers: usize,
    /// How calls come.
    pub traffic: Traffic,
    /// How much work each call is.
    pub service: Service,
    /// For how long calls come, in seconds.
    pub seconds: f64,
    /// From when on they count, in seconds.
    pub warmup: f64,
    /// After how many microseconds a call is given up.
    pub timeout_us: u64,
    /// How often a call may be sent at the most.
    pub attempts: usize,
    /// Whether calls are hedged.
    pub hedged: bool,
    /// What goes wrong when: seconds, the worker, and what is wrong with it from then on.
    pub ailments: Vec<(f64, usize, Ailment)>,
}

/// How calls come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Traffic {
    /// At random, whatever became of those before: this share of what the workers can do is asked of them.
    Open(f64),
    /// Each caller keeps so many calls under way.
    Closed(usize),
}

/// What came of one run.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// Of calls that succeeded, in seconds.
    pub latencies: Quantiles,
    /// Calls that counted.
    pub calls: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How often they were sent, hedges among them.
    pub attempts: u64,
    /// How often they were sent to a second worker at once.
    pub hedges: u64,
    /// When each call that counted was made, in seconds, and whether it succeeded.
    pub ended: Vec<(f64, bool)>,
    /// When each answer of a worker was sent, in seconds, and by whom.
    pub answers: Vec<(f64, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival(usize),
    AtWorker(usize),
    /// The worker has served its first call; its life, so that what it did before it died does not count.
    Served(usize, u32),
    Answer {
        attempt: usize,
        succeeded: bool,
        /// Calls of other callers that the worker has.
        others: u32,
    },
    Retry(usize),
    /// An attempt may be hedged, or is looked at again.
    Hedge(usize),
    Timeout(usize),
    Ailment(usize),
    /// What gossip says of a worker reaches a caller.
    Heard {
        caller: usize,
        worker: usize,
        in_flight: u32,
    },
    Sweep,
}

struct Call {
    arrival: Arrival,
    tried: Tried,
    attempts: usize,
    under_way: Vec<usize>,
    ended: bool,
}

impl Call {
    fn new(arrival: Arrival) -> Self {
        Self { arrival, tried: Tried::default(), attempts: 0, under_way: Vec::new(), ended: false }
    }
}

struct Attempt {
    call: usize,
    worker: usize,
    timed: Option<TimedCall>,
    given_up: bool,
}

/// Callers, workers and the clock.
pub struct World {
    setup: Setup,
    random: Random,
    now_us: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    workers: Vec<SimulatedWorker>,
    lives: Vec<u32>,
    callers: Vec<Caller>,
    calls: Vec<Call>,
    attempts: Vec<Attempt>,
    outcomes: Outcomes,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(setup: &Setup, system: System, seed: u64) -> Self {
        let workers: Vec<_> = setup.speeds.iter().map(|&speed| SimulatedWorker::new(speed)).collect();
        let mut random = Random::new(seed ^ 0x5eed);
        let callers = (0..setup.callers).map(|_| Caller::new(system, workers.len(), random.next_u64())).collect();
        let mut world = Self {
            lives: vec![0; workers.len()],
            calls: trace(setup, seed).into_iter().map(Call::new).collect(),
            setup: setup.clone(),
            random,
            now_us: 0,
            events: BinaryHeap::new(),
            sequence: 0,
            workers,
            callers,
            attempts: Vec::new(),
            outcomes: Outcomes::default(),
        };
        if let Traffic::Closed(calls) = setup.traffic {
            (0..setup.callers * calls).for_each(|call| world.call_again(call % setup.callers));
        }
        world.at(0, Event::Sweep);
        for (index, (at, ..)) in setup.ailments.iter().enumerate() {
            world.at((at * 1e6) as u64, Event::Ailment(index));
        }
        if let (Traffic::Open(_), Some(first)) = (setup.traffic, world.calls.first()) {
            world.at(first.arrival.at_us, Event::Arrival(0));
        }
        world
    }

    /// Runs until every call has ended.
    pub fn run(mut self) -> Outcomes {
        let end = match self.setup.traffic {
            // Until the last call has ended, or nearly so.
            Traffic::Open(_) => self.setup.seconds + self.setup.timeout_us.min(60_000_000) as f64 / 1e6,
            Traffic::Closed(_) => self.setup.seconds,
        };
        let end = (end * 1e6) as u64;
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            if at > end {
                break;
            }
            self.now_us = at;
            self.on_event(event);
        }
        self.outcomes
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Arrival(call) => self.on_arrival(call),
            Event::AtWorker(attempt) => self.on_reaching(attempt),
            Event::Served(worker, life) => self.on_served(worker, life),
            Event::Answer { attempt, succeeded, others } => self.on_answer(attempt, succeeded, others),
            Event::Retry(call) => self.send_first(call),
            Event::Hedge(attempt) => self.on_hedge_due(attempt),
            Event::Timeout(call) => self.end(call, false),
            Event::Ailment(index) => self.on_ailment(index),
            Event::Heard { caller, worker, in_flight } => self.callers[caller].hear(self.now(), worker, in_flight),
            Event::Sweep => {
                self.callers.iter().for_each(|caller| caller.sweep(self.now()));
                self.gossip();
                self.at(self.now_us + 1_000_000, Event::Sweep);
            }
        }
    }

    /// What workers have now reaches the callers that listen within a second, each at another time.
    fn gossip(&mut self) {
        for caller in 0..self.callers.len() {
            for worker in 0..self.workers.len() {
                if self.callers[caller].listens() {
                    let in_flight = self.workers[worker].queued();
                    let after = self.random.below(1_000_000) as u64;
                    self.at(self.now_us + after, Event::Heard { caller, worker, in_flight });
                }
            }
        }
    }

    fn on_arrival(&mut self, call: usize) {
        if let (Traffic::Open(_), Some(next)) = (self.setup.traffic, self.calls.get(call + 1)) {
            self.at(next.arrival.at_us, Event::Arrival(call + 1));
        }
        let now = self.now();
        let caller = &self.callers[self.calls[call].arrival.caller];
        caller.budget.on_call(now);
        if self.setup.hedged {
            caller.hedging.on_call(now);
        }
        if self.setup.timeout_us != u64::MAX {
            self.at(self.now_us + self.setup.timeout_us, Event::Timeout(call));
        }
        self.send_first(call);
    }

    /// The caller makes another call.
    fn call_again(&mut self, caller: usize) {
        let work = self.setup.service.draw(&mut self.random);
        self.calls.push(Call::new(Arrival { at_us: self.now_us, caller, work }));
        self.at(self.now_us, Event::Arrival(self.calls.len() - 1));
    }

    /// Sends a call that is nowhere under way.
    fn send_first(&mut self, call: usize) {
        let attempt = self.attempts.len();
        self.send(call);
        if self.setup.hedged && attempt < self.attempts.len() {
            self.look_later(attempt);
        }
    }

    /// Sends a call once more.
    fn send(&mut self, call: usize) {
        let (now, state) = (self.now(), &mut self.calls[call]);
        if state.ended {
            return;
        }
        let Arrival { caller, work, .. } = state.arrival;
        let Some(worker) = self.callers[caller].pick(now, &state.tried, work, &self.workers) else { return };
        let picked = self.callers[caller].worker(worker);
        state.tried.insert(picked);
        state.attempts += 1;
        let attempt = self.attempts.len();
        state.under_way.push(attempt);
        let timed = Some(picked.begin_timed_call(now));
        self.attempts.push(Attempt { call, worker, timed, given_up: false });
        self.workers[worker].held += 1;
        self.workers[worker].promise(self.now_us as f64 / 1e6, work);
        self.outcomes.attempts += u64::from(self.counts(call));
        self.at(self.now_us + ONE_WAY_US, Event::AtWorker(attempt));
    }

    fn on_reaching(&mut self, attempt: usize) {
        let Attempt { worker, call, .. } = self.attempts[attempt];
        let work = self.calls[call].arrival.work;
        match self.workers[worker].ailment {
            Ailment::Down => self.answer(attempt, false, ONE_WAY_US),
            Ailment::Slow(micros) => self.answer(attempt, true, micros),
            Ailment::Failing(share) if self.random.chance(share) => self.answer(attempt, false, ONE_WAY_US),
            Ailment::Failing(_) | Ailment::None | Ailment::Renewed => {
                if let Some(takes) = self.workers[worker].arrive(attempt, work) {
                    self.serve(worker, takes);
                }
            }
        }
    }

    fn serve(&mut self, worker: usize, takes: f64) {
        let at = self.now_us + ((takes * 1e6) as u64).max(1);
        self.at(at, Event::Served(worker, self.lives[worker]));
    }

    fn on_served(&mut self, worker: usize, life: u32) {
        if life != self.lives[worker] {
            return;
        }
        let attempts = &self.attempts;
        let (done, next) = self.workers[worker].finish(|attempt| attempts[attempt].given_up);
        if let Some(takes) = next {
            self.serve(worker, takes);
        }
        if let Some(attempt) = done {
            self.workers[worker].served += 1;
            self.answer(attempt, true, ONE_WAY_US);
        }
    }

    fn answer(&mut self, attempt: usize, succeeded: bool, after_us: u64) {
        let worker = &mut self.workers[self.attempts[attempt].worker];
        worker.held = worker.held.saturating_sub(1);
        if succeeded {
            self.outcomes.answers.push((self.now_us as f64 / 1e6, self.attempts[attempt].worker));
        }
        let others = self.others(attempt);
        self.at(self.now_us + after_us, Event::Answer { attempt, succeeded, others });
    }

    fn on_answer(&mut self, attempt: usize, succeeded: bool, others: u32) {
        let now = self.now();
        let Attempt { call, worker, given_up, .. } = self.attempts[attempt];
        let arrival = self.calls[call].arrival;
        let caller = &self.callers[arrival.caller];
        if given_up {
            return;
        }
        if succeeded {
            caller.on_answer(now, worker, others);
        }
        let outcome = if succeeded { Outcome::Success } else { Outcome::Failure };
        if let Some(timed) = self.attempts[attempt].timed.take() {
            timed.end(now, outcome);
        }
        let state = &mut self.calls[call];
        state.under_way.retain(|&other| other != attempt);
        match () {
            () if succeeded => self.end(call, true),
            () if !state.under_way.is_empty() => {}
            () if state.attempts < self.setup.attempts && caller.budget.try_retry(now) => {
                let after = BACKOFF_US << (state.attempts - 1);
                let jittered = after - after / 5 + self.random.below(after as usize * 2 / 5) as u64;
                self.at(self.now_us + jittered, Event::Retry(call));
            }
            () => self.end(call, false),
        }
    }

    fn on_hedge_due(&mut self, attempt: usize) {
        let Attempt { call, ref timed, .. } = self.attempts[attempt];
        let state = &self.calls[call];
        if timed.is_none() || state.under_way.len() > 1 {
            return;
        }
        let (waited, within) = self.times(attempt);
        if self.callers[state.arrival.caller].hedging.try_hedge(self.now(), waited, within) {
            self.outcomes.hedges += u64::from(self.counts(call));
            self.send(call);
        } else {
            self.look_later(attempt);
        }
    }

    fn look_later(&mut self, attempt: usize) {
        let (waited, within) = self.times(attempt);
        let caller = self.calls[self.attempts[attempt].call].arrival.caller;
        let next = self.callers[caller].hedging.next_look(waited, within) - waited;
        self.at(self.now_us + next.as_micros() as u64, Event::Hedge(attempt));
    }

    /// How long an attempt has taken, and how long it might take when it was sent.
    fn times(&self, attempt: usize) -> (Duration, Duration) {
        let Attempt { call, ref timed, .. } = self.attempts[attempt];
        let began = timed.as_ref().map_or(self.now(), TimedCall::began);
        let deadline = self.calls[call].arrival.at_us.saturating_add(self.setup.timeout_us);
        (self.now().since(began), Time::from_micros(deadline).since(began))
    }

    /// The call is over: its caller has an answer, or gives up.
    fn end(&mut self, call: usize, succeeded: bool) {
        if std::mem::replace(&mut self.calls[call].ended, true) {
            return;
        }
        let now = self.now();
        let arrival = self.calls[call].arrival;
        for attempt in std::mem::take(&mut self.calls[call].under_way) {
            self.attempts[attempt].given_up = true;
            if let Some(timed) = self.attempts[attempt].timed.take() {
                timed.end(now, if succeeded { Outcome::Cancelled } else { Outcome::Failure });
            }
        }
        if let Traffic::Closed(_) = self.setup.traffic {
            self.call_again(arrival.caller);
        }
        let micros = self.now_us - arrival.at_us;
        if succeeded {
            self.callers[arrival.caller].hedging.on_answer(now, Duration::from_micros(micros));
        }
        if self.counts(call) {
            self.outcomes.calls += 1;
            self.outcomes.failed += u64::from(!succeeded);
            self.outcomes.ended.push((arrival.at_us as f64 / 1e6, succeeded));
            if succeeded {
                self.outcomes.latencies.add(micros as f64 / 1e6);
            }
        }
    }

    fn on_ailment(&mut self, index: usize) {
        let (_, worker, ailment) = self.setup.ailments[index];
        self.lives[worker] += 1;
        let lost = self.workers[worker].die();
        self.workers[worker].ailment = ailment;
        if ailment == Ailment::Renewed {
            let now = self.now();
            self.callers.iter_mut().for_each(|caller| caller.renew(now, worker));
        }
        for attempt in lost {
            self.at(self.now_us + ONE_WAY_US, Event::Answer { attempt, succeeded: false, others: 0 });
        }
    }

    /// Calls that the worker of an attempt has of callers other than that attempt's.
    fn others(&self, attempt: usize) -> u32 {
        let caller_of = |attempt: usize| self.calls[self.attempts[attempt].call].arrival.caller;
        let own = caller_of(attempt);
        let queue = self.workers[self.attempts[attempt].worker].attempts();
        queue.filter(|&other| caller_of(other) != own).count() as u32
    }

    fn counts(&self, call: usize) -> bool {
        self.calls[call].arrival.at_us as f64 >= self.setup.warmup * 1e6
    }

    fn now(&self) -> Time {
        Time::from_micros(self.now_us)
    }

    fn at(&mut self, at_us: u64, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((at_us, self.sequence, event)));
    }
}

/// A quarter of a millisecond between any two machines.
const ONE_WAY_US: u64 = 250;
/// Before the second attempt; twice that before the third.
const BACKOFF_US: u64 = 10_000;
