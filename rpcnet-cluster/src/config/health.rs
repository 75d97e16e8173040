//! How the health of other nodes is judged.

use std::time::Duration;

use super::{error::ConfigError, in_range};

/// How heartbeats are taken and judged: the phi accrual failure detector (Hayashibara et al. 2004).
///
/// Phi says how unlikely a silence is, given the heartbeats before it: at phi 8, one silence in 10⁸ would last this
/// long if the node were well.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthCheckConfig {
    pub(crate) interval: Option<Duration>,
    pub(crate) phi_threshold: f64,
    pub(crate) history_size: usize,
    pub(crate) min_std_deviation: Duration,
    pub(crate) tag_thresholds: Vec<(String, String, f64)>,
}

impl HealthCheckConfig {
    /// How often a node is asked for a heartbeat by each of those that watch it (default: by the profile, 1 s).
    ///
    /// From 50 ms to 60 s.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// The phi at which a node is suspected (default: 8). From 1 to 100.
    #[must_use]
    pub fn with_phi_threshold(mut self, phi: f64) -> Self {
        self.phi_threshold = phi;
        self
    }

    /// Another threshold for the nodes with a certain tag, such as those behind a slow line. The first that fits
    /// counts.
    #[must_use]
    pub fn with_phi_threshold_for(mut self, tag: impl Into<String>, value: impl Into<String>, phi: f64) -> Self {
        self.tag_thresholds.push((tag.into(), value.into(), phi));
        self
    }

    /// How many heartbeats of each watched node are remembered (default: 100). From 4 to 1000.
    #[must_use]
    pub fn with_history_size(mut self, heartbeats: usize) -> Self {
        self.history_size = heartbeats;
        self
    }

    /// The least deviation that heartbeats are believed to have (default: 50 ms).
    ///
    /// Without it, a node that has been very regular would be suspected for the first hiccup. From 1 ms to 60 s.
    #[must_use]
    pub fn with_min_std_deviation(mut self, deviation: Duration) -> Self {
        self.min_std_deviation = deviation;
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if let Some(interval) = self.interval {
            in_range("with_interval", interval, Duration::from_millis(50)..=Duration::from_secs(60))?;
        }
        in_range("with_phi_threshold", self.phi_threshold, PHI)?;
        for (_, _, phi) in &self.tag_thresholds {
            in_range("with_phi_threshold_for", *phi, PHI)?;
        }
        in_range("with_history_size", self.history_size, 4..=1000)?;
        let deviation = Duration::from_millis(1)..=Duration::from_secs(60);
        in_range("with_min_std_deviation", self.min_std_deviation, deviation)
    }
}

impl Default for HealthCheckConfig {
    fn default() -> Self {
        Self {
            interval: None,
            phi_threshold: 8.0,
            history_size: 100,
            min_std_deviation: Duration::from_millis(50),
            tag_thresholds: Vec::new(),
        }
    }
}

/// Below 1 every tenth heartbeat would be late; 100 is beyond what any history can tell.
const PHI: std::ops::RangeInclusive<f64> = 1.0..=100.0;
