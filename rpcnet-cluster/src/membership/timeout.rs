//! What time brings.

use std::time::Duration;

use super::{Membership, Time, timers::Timer};

impl Membership {
    /// Does what is due. The driver calls it at [`Membership::poll_timeout`], or later if it could not.
    pub fn handle_timeout(&mut self, now: Time) {
        self.observe(now);
        while let Some((at, timer)) = self.timers.pop_due(now) {
            self.on_timer(now, at, timer);
        }
    }

    fn on_timer(&mut self, now: Time, at: Time, timer: Timer) {
        match timer {
            Timer::Probe(nonce) => self.on_probe_stage(now, nonce),
            Timer::Monitor(key) => self.on_monitor_due(now, at, key),
            Timer::Random => self.on_random_due(now, at),
            Timer::Suspicion(key) => self.on_suspicion_due(now, key),
            Timer::Gossip => self.on_gossip_due(now, at),
            Timer::Relay(nonce) => self.on_relay_unanswered(now, nonce),
            Timer::Join => self.on_join_due(now, at),
            Timer::Contact => self.on_contact_due(now),
            Timer::Repair => self.on_repair_due(now),
            Timer::Partition => self.on_partition_due(now),
            Timer::Sweep => self.on_sweep_due(now),
            Timer::Leave => self.on_leave_overdue(),
        }
    }

    /// Looks, before anything else is done, whether this node stood still: suspended, swapped out, starved.
    ///
    /// Whatever seems overdue then is overdue because nobody looked. What answers came meanwhile lie in the socket's
    /// buffer, and must be read before anybody is accused.
    pub(super) fn observe(&mut self, now: Time) {
        let late = self.timers.next().map_or(Duration::ZERO, |due| now.since(due));
        if late > LATE && !self.settings.is_plain() {
            self.blind_until = now + GRACE;
        }
        if late <= self.settings.stall || self.settings.is_plain() {
            return;
        }
        self.out.counters.stalls += 1;
        self.health.on_trouble();
        self.probes.clear();
        for target in self.monitors.targets_mut() {
            target.heartbeats.restart(now);
        }
        for suspicion in self.suspicions.values_mut() {
            suspicion.started = suspicion.started + late;
        }
        self.rearm_after_stall(now);
        self.partition.on_stall();
        self.heard = now;
    }

    /// Puts every timer off by a little, so that what waits in the socket is read first.
    fn rearm_after_stall(&mut self, now: Time) {
        let mut due = Vec::new();
        while let Some((_, timer)) = self.timers.pop_due(now) {
            due.push(timer);
        }
        let probes = due.contains(&Timer::Random) || self.timers.due(Timer::Random).is_some();
        for timer in due {
            // Those left out are set below, or belong to a probe that was dropped.
            match timer {
                Timer::Probe(_) | Timer::Relay(_) | Timer::Suspicion(_) | Timer::Monitor(_) | Timer::Random => {}
                Timer::Gossip => self.gossip.next = None,
                Timer::Join => self.joining.next = None,
                Timer::Contact | Timer::Repair | Timer::Partition | Timer::Sweep | Timer::Leave => {
                    self.timers.set(now + GRACE, timer);
                }
            }
        }
        self.schedule_gossip(now, GRACE);
        if !self.joining.done {
            self.schedule_join(now, GRACE);
        }
        let at = now + GRACE + self.random.up_to(self.settings.probe_interval);
        if probes {
            self.timers.set(at, Timer::Random);
        }
        for index in 0..self.monitors.targets().len() {
            let target = &mut self.monitors.targets_mut()[index];
            target.next = at;
            self.timers.set(at, Timer::Monitor(target.key));
        }
        let members = self.node_count();
        for (key, suspicion) in &mut self.suspicions {
            suspicion.deadline = suspicion.deadline(&self.settings, members).max(now + SECOND_CHANCE);
            self.timers.set(suspicion.deadline, Timer::Suspicion(*key));
        }
    }

    /// Forgets departed members that are too old, or too many.
    fn on_sweep_due(&mut self, now: Time) {
        self.timers.set(now + SWEEP_EVERY, Timer::Sweep);
        let kept = self.settings.departed_kept;
        let old = self.roster.departed().iter().filter(|member| now.since(member.since) > kept);
        let old: Vec<_> = old.map(|member| member.key).collect();
        for key in old {
            self.forget(key);
        }
    }

    /// Keeps the departed within their number.
    pub(super) fn trim_departed(&mut self) {
        while self.roster.departed().len() > self.settings.departed_max {
            let Some(oldest) = self.roster.departed().iter().min_by_key(|member| member.since) else { return };
            self.forget(oldest.key);
        }
    }

    fn forget(&mut self, key: super::NodeKey) {
        self.roster.forget(key);
        self.gossip.rumors.silence(key);
        self.out.version += 1;
    }
}

/// How often what is too old is looked for.
pub(super) const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A node that is later than this may have answers and refutations waiting in its socket: they are read before any verdict.
const LATE: Duration = Duration::from_millis(50);

/// How long a node that stood still reads what has arrived before it does anything else.
const GRACE: Duration = Duration::from_millis(100);

/// How long those whom it suspected before have to be heard after it.
const SECOND_CHANCE: Duration = Duration::from_secs(2);
