//! Profiles: what kind of network a cluster runs on.

use std::time::Duration;

use super::Timing;
use crate::membership::Settings;

/// What kind of network and machines a cluster runs on: sets every timing at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// One machine, for tests and first tries: faster than a network would allow.
    Local,
    /// One data centre or region. Round trips of a few milliseconds, pauses of up to some seconds.
    #[default]
    Lan,
    /// Several regions: round trips of up to half a second.
    Wan,
    /// Machines that stop for many seconds now and then, such as laptops and overcommitted hosts: slower verdicts,
    /// fewer wrong ones.
    Tolerant,
}

impl Profile {
    fn settings(self) -> Settings {
        let milliseconds = Duration::from_millis;
        let mut settings = Settings::default();
        match self {
            Self::Lan => {}
            Self::Tolerant => settings = Settings::tolerant(),
            Self::Local => {
                settings.probe_interval = milliseconds(250);
                settings.probe_timeout = milliseconds(150);
                settings.resend_after = (milliseconds(10), milliseconds(50));
                settings.suspicion_min = milliseconds(800);
                settings.suspicion_max = milliseconds(2500);
                settings.suspicion_alone = milliseconds(1500);
                settings.gossip_interval = milliseconds(50);
                settings.repair_interval = milliseconds(1000);
            }
            Self::Wan => {
                settings.probe_interval = milliseconds(2000);
                settings.probe_timeout = milliseconds(1500);
                settings.resend_after = (milliseconds(100), milliseconds(600));
                settings.suspicion_min = milliseconds(5000);
                settings.suspicion_max = milliseconds(30_000);
                settings.suspicion_alone = milliseconds(10_000);
                settings.gossip_interval = milliseconds(500);
                settings.repair_interval = milliseconds(10_000);
            }
        }
        settings
    }
}

impl Timing {
    /// What the membership core is told: the profile, and what overrides it.
    pub(crate) fn core_settings(&self) -> Settings {
        let mut settings = self.profile.settings();
        let set = |setting: &mut Duration, wanted: Option<Duration>| *setting = wanted.unwrap_or(*setting);
        set(&mut settings.gossip_interval, self.gossip_interval);
        set(&mut settings.probe_timeout, self.probe_timeout);
        set(&mut settings.probe_interval, self.health.interval);
        set(&mut settings.suspicion_max, self.suspicion_timeout);
        settings.suspicion_min = settings.suspicion_min.min(settings.suspicion_max);
        settings.suspicion_alone = settings.suspicion_alone.min(settings.suspicion_max);
        settings.resend_after.1 = settings.resend_after.1.min(settings.probe_timeout);
        settings.resend_after.0 = settings.resend_after.0.min(settings.resend_after.1);
        settings.helpers = self.indirect_probes.unwrap_or(settings.helpers);
        settings.gossip_fanout = self.fanout.unwrap_or(settings.gossip_fanout);
        settings.phi_threshold = self.health.phi_threshold;
        settings.phi_threshold_by_tag = self.health.tag_thresholds.clone();
        settings.phi_window = self.health.history_size;
        settings.phi_deviation_min = self.health.min_std_deviation;
        settings.expected_size = self.expected_size;
        settings
    }
}
