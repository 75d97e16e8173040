//! How the core behaves: intervals, limits, and which of its ideas are on.

use std::time::Duration;

/// The settings of a [`super::Membership`]. [`Settings::default`] is for clusters from 2 to 10,000 nodes in one region.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// How failures are detected. Default: [`Detection::Adaptive`].
    pub detection: Detection,
    /// Time between two probes of the same monitored node, and between two of random ones. Default: 1 s.
    pub probe_interval: Duration,
    /// How long a probe waits for any answer, direct or by helpers, while this node is healthy. Default: 500 ms.
    pub probe_timeout: Duration,
    /// The shortest and longest time until an unanswered ping is sent again. In between it follows the measured round
    /// trips. Default: 20 ms and 200 ms.
    pub resend_after: (Duration, Duration),
    /// How many members are asked to probe a node that does not answer. Default: 3.
    pub helpers: usize,
    /// How many nodes each node watches for good, so that times between answers mean something. Default: 4.
    pub monitors: usize,
    /// Suspicion starts at this phi: 8 is one false alarm in 10^8 intervals if they are normally distributed
    /// (Hayashibara et al. 2004). Default: 8.
    pub phi_threshold: f64,
    /// Other thresholds for nodes with a certain tag: name, value, threshold. The first that fits counts. Default: none.
    pub phi_threshold_by_tag: Vec<(String, String, f64)>,
    /// How many intervals between answers are remembered of each monitored node. Default: 100.
    pub phi_window: usize,
    /// The least standard deviation assumed of them: what a scheduler's hiccup takes. Default: 50 ms.
    pub phi_deviation_min: Duration,
    /// A suspicion that all who could confirm did confirm becomes a failure after this time: so long may
    /// a node stand still, and half a second more, without being lost. Default: 3.5 s.
    pub suspicion_min: Duration,
    /// A suspicion that nobody confirms becomes a failure after this time. Default: 15 s.
    pub suspicion_max: Duration,
    /// As `suspicion_max`, where there is nobody to confirm: in a cluster of two. Default: 5 s.
    pub suspicion_alone: Duration,
    /// How many independent confirmations shorten a suspicion to its minimum (Dadgar et al. 2018). Default: 3.
    pub confirmations: usize,
    /// How far this node's own trouble may stretch its patience: timeouts grow up to this many times plus one. Default: 8.
    pub local_health_max: u32,
    /// A timer that fires later than this says that this node stood still, so nobody else is to blame. Default: 500 ms.
    pub stall: Duration,
    /// Time between two rounds of gossip while there is news. Default: 200 ms.
    pub gossip_interval: Duration,
    /// How many nodes each round tells. Default: 3.
    pub gossip_fanout: usize,
    /// Each piece of news is sent this many times the natural logarithm of the number of nodes. Default: 2.
    pub gossip_repeats: f64,
    /// Time between two attempts to reach a failed member, and to look for differences with others. Default: 5 s.
    pub repair_interval: Duration,
    /// How long failed and departed members are remembered. Default: 24 h.
    pub departed_kept: Duration,
    /// How many of them at most; the oldest go first. Default: 16,384, so that half of the largest cluster
    /// may be cut off and come back.
    pub departed_max: usize,
    /// How many members at most; more are refused. Default: 65,536.
    pub members_max: usize,
    /// The largest datagram, with IP and UDP headers and envelope. Default: 1,200 bytes.
    pub datagram_bytes_max: usize,
    /// How many nodes there should be; decides which side of a partition is the majority. Default: as many as there were.
    pub expected_size: Option<usize>,
}

/// How failures are detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// Monitors with phi, several helpers, suspicions that shorten, a watch on this node's own health.
    Adaptive,
    /// SWIM as published (Das et al. 2002), with memberlist's timing: one random probe an interval, a fixed suspicion, and
    /// whoever is said to have failed has failed. To compare with.
    Plain,
}

/// Settings that contradict themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A duration that must not be zero is.
    #[error("{0} must be longer than zero")]
    Zero(&'static str),
    /// A number is out of its range.
    #[error("{0} is out of range")]
    Range(&'static str),
}

/// IPv4 and UDP headers of one datagram, in bytes.
pub const HEADER_BYTES: usize = 28;

/// What the datagram layer's envelope adds to a payload, in bytes.
pub const ENVELOPE_BYTES: usize = 40;

impl Default for Settings {
    fn default() -> Self {
        Self {
            detection: Detection::Adaptive,
            probe_interval: Duration::from_secs(1),
            probe_timeout: Duration::from_millis(500),
            resend_after: (Duration::from_millis(20), Duration::from_millis(200)),
            helpers: 3,
            monitors: 4,
            phi_threshold: 8.0,
            phi_threshold_by_tag: Vec::new(),
            phi_window: 100,
            phi_deviation_min: Duration::from_millis(50),
            suspicion_min: Duration::from_millis(3500),
            suspicion_max: Duration::from_secs(15),
            suspicion_alone: Duration::from_secs(5),
            confirmations: 3,
            local_health_max: 8,
            stall: Duration::from_millis(500),
            gossip_interval: Duration::from_millis(200),
            gossip_fanout: 3,
            gossip_repeats: 2.0,
            repair_interval: Duration::from_secs(5),
            departed_kept: Duration::from_secs(24 * 60 * 60),
            departed_max: 16_384,
            members_max: 65_536,
            datagram_bytes_max: 1200,
            expected_size: None,
        }
    }
}

impl Settings {
    /// SWIM as published, to compare with: [`Detection::Plain`].
    pub fn plain() -> Self {
        Self { detection: Detection::Plain, ..Self::default() }
    }

    /// For nodes that stand still for long, such as virtual machines that migrate: failures take three times as long.
    pub fn tolerant() -> Self {
        Self {
            suspicion_min: Duration::from_millis(10_500),
            suspicion_max: Duration::from_secs(45),
            suspicion_alone: Duration::from_secs(15),
            ..Self::default()
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.detection == Detection::Plain
    }

    /// The most that a payload may take.
    pub(crate) fn payload_bytes_max(&self) -> usize {
        self.datagram_bytes_max - HEADER_BYTES - ENVELOPE_BYTES
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let durations = [
            (self.probe_interval, "probe_interval"),
            (self.probe_timeout, "probe_timeout"),
            (self.resend_after.0, "resend_after"),
            (self.phi_deviation_min, "phi_deviation_min"),
            (self.suspicion_min, "suspicion_min"),
            (self.stall, "stall"),
            (self.gossip_interval, "gossip_interval"),
            (self.repair_interval, "repair_interval"),
        ];
        if let Some((_, name)) = durations.iter().find(|(duration, _)| duration.is_zero()) {
            return Err(SettingsError::Zero(name));
        }
        let ranges = [
            (self.resend_after.0 <= self.resend_after.1, "resend_after"),
            (self.suspicion_min <= self.suspicion_max, "suspicion_max"),
            (self.helpers <= 16, "helpers"),
            (self.monitors <= 64, "monitors"),
            ((1..=3).contains(&self.confirmations), "confirmations"),
            (self.phi_threshold > 0.0 && self.phi_threshold < 300.0, "phi_threshold"),
            ((2..=10_000).contains(&self.phi_window), "phi_window"),
            ((1..=64).contains(&self.gossip_fanout), "gossip_fanout"),
            (self.gossip_repeats > 0.0 && self.gossip_repeats <= 20.0, "gossip_repeats"),
            ((2..=1 << 20).contains(&self.members_max), "members_max"),
            (self.departed_max <= 1 << 20, "departed_max"),
            (self.local_health_max <= 64, "local_health_max"),
            ((1200..=65_000).contains(&self.datagram_bytes_max), "datagram_bytes_max"),
        ];
        match ranges.iter().find(|(holds, _)| !holds) {
            Some((_, name)) => Err(SettingsError::Range(name)),
            None => Ok(()),
        }
    }
}
