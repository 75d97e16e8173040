//! Probes: is it there?

use std::{net::SocketAddr, time::Duration};

use super::{
    MemberState, Membership, NodeKey, Time,
    monitors::Target,
    phi::Heartbeats,
    timers::Timer,
    wire::{Message, Section},
};

/// A round of questions to one node, and what came of them so far. All its pings have one nonce.
#[derive(Debug)]
pub(crate) struct Probe {
    target: NodeKey,
    purpose: Purpose,
    started: Time,
    /// How many steps of its plan are done.
    step: usize,
    resend: Duration,
    timeout: Duration,
    pings: u32,
    helpers: [Option<SocketAddr>; 3],
    nacked: bool,
    /// Its end was put off once, because this node was late for it.
    excused: bool,
}

/// Why a node is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// This node watches it: its answers are what phi is measured from.
    Monitor,
    /// It is its turn.
    Random,
    /// Others suspect it.
    Verify,
    /// It failed; perhaps it is back.
    Contact,
    /// This node leaves, and wants to know that it was heard.
    Goodbye,
}

/// What a step of a probe does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ping,
    AskHelpers,
    Conclude,
}

impl Probe {
    /// When the next step is, counted from the start, and what it does.
    ///
    /// Pings are repeated soon, in case one was lost, and late, in case many in a row were.
    fn plan(&self, plain: bool) -> (Duration, Step) {
        let resend = self.resend.min(self.timeout / 4);
        let share = |percent: u32| self.timeout * percent / 100;
        let steps: &[(Duration, Step)] = match self.purpose {
            Purpose::Monitor | Purpose::Random | Purpose::Verify if plain => {
                &[(Duration::ZERO, Step::Ping), (self.timeout, Step::AskHelpers), (self.timeout * 2, Step::Conclude)]
            }
            Purpose::Monitor | Purpose::Random | Purpose::Verify => &[
                (Duration::ZERO, Step::Ping),
                (resend, Step::Ping),
                (resend * 2, Step::AskHelpers),
                (share(50), Step::Ping),
                (share(60), Step::AskHelpers),
                (share(65), Step::Ping),
                (self.timeout, Step::Conclude),
            ],
            Purpose::Contact | Purpose::Goodbye => &[
                (Duration::ZERO, Step::Ping),
                (resend, Step::Ping),
                (share(50), Step::Ping),
                (self.timeout, Step::Conclude),
            ],
        };
        steps.get(self.step).copied().unwrap_or((self.timeout, Step::Conclude))
    }
}

/// Walks through all live members in turn: each is asked once a round, at another place in each round.
#[derive(Debug, Default)]
pub(crate) struct Rotation {
    at: usize,
    stride: usize,
    left: usize,
}

impl Rotation {
    fn next(&mut self, members: usize, random: &mut super::random::Random) -> usize {
        if self.left == 0 || self.stride >= members {
            self.left = members;
            self.at = random.below(members);
            let start = random.below(members);
            let coprime =
                (start..start + members).map(|stride| stride % members).find(|stride| gcd(*stride, members) == 1);
            self.stride = coprime.unwrap_or(0);
        }
        self.left -= 1;
        self.at = (self.at + self.stride) % members;
        self.at
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Membership {
    pub(super) fn on_random_due(&mut self, now: Time, at: Time) {
        let interval = self.probe_interval();
        self.timers.set((at + interval).max(now), Timer::Random);
        let members = self.roster.live().len();
        if members == 0 || self.local.displaced {
            return;
        }
        let index = self.rotation.next(members, &mut self.random);
        let key = self.roster.live()[index].key;
        self.start_probe(now, key, Purpose::Random);
    }

    /// The time between two probes of the same kind: a probe of a node that doubts itself may take longer than usual.
    fn probe_interval(&self) -> Duration {
        self.settings.probe_interval.max(self.health.stretch(self.settings.probe_timeout))
    }

    /// Lets the choice of watched nodes follow the view.
    pub(super) fn watch_soon(&mut self, now: Time) {
        if self.settings.is_plain() {
            return;
        }
        let Self { monitors, roster, random, timers, settings, local, .. } = self;
        monitors.refresh(local.key, roster, settings.monitors, |key| {
            // With the random probe, so that the driver wakes once for all of a node's probes, and once or twice for their
            // answers. The nodes that watch the same one have moments of their own.
            let first = timers.due(Timer::Random).unwrap_or_else(|| now + random.up_to(settings.probe_interval));
            timers.set(first, Timer::Monitor(key));
            let heartbeats =
                Heartbeats::new(now, settings.probe_interval, settings.phi_window, settings.phi_deviation_min);
            Target { key, heartbeats, next: first }
        });
    }

    pub(super) fn on_monitor_due(&mut self, now: Time, at: Time, key: NodeKey) {
        let interval = self.probe_interval();
        let Some(target) = self.monitors.get_mut(key).filter(|target| target.next == at) else { return };
        // From when it was due, not from now: the driver's small delays must not add up.
        target.next = (at + interval).max(now);
        self.timers.set(target.next, Timer::Monitor(key));
        if !self.local.displaced {
            self.start_probe(now, key, Purpose::Monitor);
        }
    }

    /// Begins to ask a node, unless it is being asked for the same purpose, or too many others are.
    pub(super) fn start_probe(&mut self, now: Time, target: NodeKey, purpose: Purpose) {
        let same = |probe: &Probe| probe.target == target && probe.purpose == purpose;
        if self.probes.len() >= PROBES_MAX || self.probes.values().any(same) {
            return;
        }
        let timeout = if self.settings.is_plain() {
            self.settings.probe_timeout
        } else {
            self.health.stretch(self.settings.probe_timeout)
        };
        let resend = self.trips.resend_after(self.settings.resend_after);
        let nonce = self.random.nonce();
        let helpers = [None; 3];
        let probe = Probe {
            target,
            purpose,
            started: now,
            step: 0,
            resend,
            timeout,
            pings: 0,
            helpers,
            nacked: false,
            excused: false,
        };
        self.probes.insert(nonce, probe);
        self.on_probe_stage(now, nonce);
    }

    pub(super) fn on_probe_stage(&mut self, now: Time, nonce: u32) {
        let plain = self.settings.is_plain();
        let Some(probe) = self.probes.get_mut(&nonce) else { return };
        let (_, step) = probe.plan(plain);
        if step == Step::Conclude && now < self.blind_until && !std::mem::replace(&mut probe.excused, true) {
            return self.timers.set(self.blind_until, Timer::Probe(nonce));
        }
        let later = if step == Step::Conclude { self.suspicious_soon(now, nonce) } else { None };
        let Some(probe) = self.probes.get_mut(&nonce) else { return };
        let target = probe.target;
        if let Some(later) = later {
            probe.pings += 1;
            self.timers.set(later, Timer::Probe(nonce));
            self.ping(nonce, target);
            return self.ask_helpers(nonce, target);
        }
        probe.step += 1;
        let next = probe.started + probe.plan(plain).0;
        match step {
            Step::Ping => {
                probe.pings += 1;
                self.timers.set(next, Timer::Probe(nonce));
                self.ping(nonce, target);
            }
            Step::AskHelpers => {
                self.timers.set(next, Timer::Probe(nonce));
                self.ask_helpers(nonce, target);
            }
            Step::Conclude => self.conclude(now, nonce),
        }
    }

    /// Asks a node for a sign of life. If it is accused, it is the first to know.
    fn ping(&mut self, nonce: u32, target: NodeKey) {
        let Some(member) = self.roster.get(target) else { return };
        let (to, state) = (member.record.gossip_address, member.state);
        let notice = state != MemberState::Alive && !self.settings.is_plain() && !self.is_private(target);
        let notice = notice.then(|| self.claim_of(target, false)).flatten();
        let sections: Vec<_> = notice.into_iter().map(Section::Claim).collect();
        self.send_with(to, Message::Ping { nonce, digest: self.digest() }, &sections);
    }

    fn ask_helpers(&mut self, nonce: u32, target: NodeKey) {
        let Some(address) = self.roster.get(target).map(|member| member.record.gossip_address) else { return };
        let chosen = self.probes.get(&nonce).map(|probe| probe.helpers).unwrap_or_default();
        let helpers = if chosen.iter().any(Option::is_some) { chosen } else { self.choose_helpers(target) };
        if let Some(probe) = self.probes.get_mut(&nonce) {
            probe.helpers = helpers;
        }
        for helper in helpers.into_iter().flatten() {
            self.send_with(helper, Message::Request { nonce, target, address }, &[]);
        }
    }

    fn choose_helpers(&mut self, target: NodeKey) -> [Option<SocketAddr>; 3] {
        let mut helpers = [None; 3];
        let members = self.roster.live();
        if members.is_empty() {
            return helpers;
        }
        let mut count = 0;
        for _ in 0..8 * helpers.len() {
            let member = &members[self.random.below(members.len())];
            let address = Some(member.record.gossip_address);
            let suits = member.key != target && member.state == MemberState::Alive && !helpers.contains(&address);
            if suits && count < self.settings.helpers.min(helpers.len()) {
                helpers[count] = address;
                count += 1;
            }
        }
        helpers
    }

    /// When the silence of a watched node will be suspicious, if it is not yet, and will be before it is asked again: until
    /// then it is asked once more.
    fn suspicious_soon(&self, now: Time, nonce: u32) -> Option<Time> {
        let probe = self.probes.get(&nonce).filter(|probe| probe.purpose == Purpose::Monitor)?;
        let target = self.monitors.get(probe.target).filter(|target| target.heartbeats.is_known())?;
        let threshold = self.threshold_for(probe.target);
        if target.heartbeats.phi(now) >= threshold {
            return None;
        }
        // The microsecond makes up for rounding.
        let at = target.heartbeats.suspicious_at(threshold) + Duration::from_micros(1);
        (at > now && at < target.next).then_some(at)
    }

    /// All questions of a probe went unanswered.
    fn conclude(&mut self, now: Time, nonce: u32) {
        let Some(probe) = self.probes.remove(&nonce) else { return };
        match probe.purpose {
            Purpose::Contact | Purpose::Goodbye => return,
            Purpose::Monitor | Purpose::Random | Purpose::Verify => {}
        }
        if self.settings.is_plain() {
            return self.accuse(now, probe.target, 0.0, false);
        }
        if !probe.nacked {
            self.health.on_trouble();
        }
        self.trips.record_loss(probe.pings);
        let watched = self.monitors.get(probe.target).filter(|target| target.heartbeats.is_known());
        let watched = watched.map(|target| target.heartbeats.phi(now));
        if probe.purpose == Purpose::Monitor && watched.is_some_and(|phi| phi < self.threshold_for(probe.target)) {
            return;
        }
        let asked = probe.helpers.iter().flatten().count() as u32;
        let phi = watched.unwrap_or_else(|| self.trips.phi_of_silence(probe.pings, 2 * asked));
        let private = self.heard < probe.started && self.roster.live().len() > 1;
        self.accuse(now, probe.target, phi, private);
    }

    pub(super) fn threshold_for(&self, key: NodeKey) -> f64 {
        let tags = self.roster.get(key).map(|member| &member.record.tags);
        let special = self.settings.phi_threshold_by_tag.iter();
        let mut fitting = special.filter(|(name, value, _)| tags.is_some_and(|tags| tags.get(name) == Some(value)));
        fitting.next().map_or(self.settings.phi_threshold, |(_, _, threshold)| *threshold)
    }

    /// A node answered a ping of this node.
    pub(super) fn on_ack(&mut self, now: Time, nonce: u32, sender: NodeKey, generation: u64) {
        if self.forward_ack(nonce, sender) {
            return;
        }
        let Some(probe) = self.probes.get(&nonce) else { return };
        if probe.target != sender {
            return self.on_wrong_answer(now, nonce);
        }
        let Some(probe) = self.probes.remove(&nonce) else { return };
        self.timers.cancel(Timer::Probe(nonce));
        self.health.on_success();
        if probe.pings == 1 {
            self.trips.record(now.since(probe.started));
        }
        self.trips.record_success(probe.pings);
        let member = self.roster.get(sender);
        if member.is_none_or(|member| member.record.generation != generation) {
            return;
        }
        if let Some(target) = self.monitors.get_mut(sender) {
            match probe.purpose {
                Purpose::Monitor => target.heartbeats.record(now),
                Purpose::Random | Purpose::Verify | Purpose::Contact | Purpose::Goodbye => target.heartbeats.touch(now),
            }
        }
        match probe.purpose {
            Purpose::Goodbye => self.on_goodbye_heard(),
            Purpose::Contact => self.on_contact_made(now),
            Purpose::Monitor | Purpose::Random | Purpose::Verify if self.is_private(sender) => {
                self.absolve(now, sender)
            }
            Purpose::Monitor | Purpose::Random | Purpose::Verify => {}
        }
    }

    /// Somebody else answered at the node's address: its process is gone, and another has its place.
    fn on_wrong_answer(&mut self, now: Time, nonce: u32) {
        let Some(probe) = self.probes.remove(&nonce) else { return };
        self.accuse(now, probe.target, PHI_OF_PROOF, false);
        if let Some(suspicion) = self.suspicions.get_mut(&probe.target) {
            suspicion.condemned = true;
            suspicion.deadline = suspicion.deadline(&self.settings, self.roster.live().len() + 1).max(now);
            self.timers.set(suspicion.deadline, Timer::Suspicion(probe.target));
        }
    }

    /// A helper reached the node that this one cannot reach. It is there; its silence towards this node goes on.
    pub(super) fn on_relayed(&mut self, nonce: u32) {
        if self.probes.remove(&nonce).is_some() {
            self.timers.cancel(Timer::Probe(nonce));
            self.health.on_success();
        }
    }

    /// A helper is there, but cannot reach the node either. So it is not this node's ears.
    pub(super) fn on_nack(&mut self, nonce: u32) {
        if let Some(probe) = self.probes.get_mut(&nonce) {
            probe.nacked = true;
        }
    }
}

/// Probes under way at once. Four watched nodes, one at random and a few by lot come nowhere near.
const PROBES_MAX: usize = 64;

/// What is said of a node that is proven to be gone.
const PHI_OF_PROOF: f64 = 300.0;
