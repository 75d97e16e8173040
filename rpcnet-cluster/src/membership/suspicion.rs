//! How long a suspected node has to refute (Lifeguard's local health aware suspicion, Dadgar et al. 2018).

use std::time::Duration;

use super::{settings::Settings, time::Time, wire::Accusers};

/// A suspicion that runs: who raised it, and when.
#[derive(Clone, Debug)]
pub(crate) struct Suspicion {
    pub(crate) accusers: Accusers,
    pub(crate) phi: f32,
    /// When this node learned of it. Each node counts from there.
    pub(crate) started: Time,
    /// When it becomes a failure; earlier with each confirmation.
    pub(crate) deadline: Time,
    /// Only this node has heard of it, because it raised it while it heard from nobody.
    pub(crate) private: bool,
    /// Somebody who had waited says that the node failed: as good as all confirmations.
    pub(crate) condemned: bool,
    /// Its end was put off once, because this node was late for it.
    pub(crate) excused: bool,
}

impl Suspicion {
    /// When the suspicion becomes a failure, if `others` could confirm it beside the first accuser.
    pub(crate) fn deadline(&self, settings: &Settings, members: usize) -> Time {
        if settings.is_plain() {
            return self.started + plain_timeout(settings, members);
        }
        let others = members.saturating_sub(2).min(settings.confirmations);
        let confirmations = if self.condemned { others } else { self.accusers.as_slice().len().saturating_sub(1) };
        self.started + timeout(settings, confirmations, others)
    }
}

/// `max(min, max - (max - min) * ln(C + 1) / ln(K + 1))`: the first confirmation counts most.
pub(crate) fn timeout(settings: &Settings, confirmations: usize, others: usize) -> Duration {
    if others == 0 {
        return settings.suspicion_alone;
    }
    let (min, max) = (settings.suspicion_min, settings.suspicion_max);
    let share = ((confirmations + 1) as f64).ln() / ((others + 1) as f64).ln();
    max.saturating_sub((max - min).mul_f64(share)).max(min)
}

/// memberlist's: four probe intervals for each power of ten of the cluster's size.
fn plain_timeout(settings: &Settings, members: usize) -> Duration {
    settings.probe_interval.mul_f64(4.0 * (members as f64).log10().max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirmations_shorten_a_suspicion_from_its_maximum_to_its_minimum() {
        let settings = Settings::default();
        let seconds = |confirmations| timeout(&settings, confirmations, 3).as_secs_f64();
        assert_eq!((seconds(0), seconds(3), seconds(9)), (15.0, 3.5, 3.5));
        assert!((seconds(1) - 9.25).abs() < 1e-6 && (seconds(2) - 5.886).abs() < 1e-3, "{} {}", seconds(1), seconds(2));
    }

    #[test]
    fn where_nobody_can_confirm_a_suspicion_has_a_time_of_its_own() {
        assert_eq!(timeout(&Settings::default(), 0, 0), Settings::default().suspicion_alone);
    }

    #[test]
    fn plain_suspicions_grow_with_the_logarithm_of_the_cluster() {
        assert_eq!(plain_timeout(&Settings::plain(), 1000), Duration::from_secs(12));
        assert_eq!(plain_timeout(&Settings::plain(), 3), Duration::from_secs(4));
    }
}
