//! Medians, and ratios taken round by round.

use serde::Serialize;

use super::measure::{Measured, Outcome};
use crate::child::{Latency, LoadReport};

/// The middle of several figures and how far they reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Of at least one figure.
    fn of(figures: &[f64]) -> Self {
        Self {
            median: median(figures),
            min: figures.iter().copied().fold(f64::INFINITY, f64::min),
            max: figures.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// The middle figure, or the mean of the two in the middle; NaN of none.
pub(super) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// One contender's medians over the rounds; NaN for what was not measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Medians {
    pub(super) calls_per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) p999_us: f64,
    pub(super) client_cpu_us_per_call: f64,
    pub(super) server_cpu_us_per_call: f64,
    pub(super) server_memory_bytes: f64,
    pub(super) flow_bytes_per_second: f64,
}

impl Medians {
    pub(super) fn of(measured: &Measured) -> Self {
        let median_of =
            |figure: fn(&LoadReport) -> f64| median(&measured.rounds.iter().map(figure).collect::<Vec<_>>());
        Self {
            calls_per_second: median_of(calls_per_second),
            p50_us: median_of(|report| latency(report, |latency| latency.p50_us)),
            p99_us: median_of(|report| latency(report, |latency| latency.p99_us)),
            p999_us: median_of(|report| latency(report, |latency| latency.p999_us)),
            client_cpu_us_per_call: median_of(|report| report.client_cpu_us / report.calls as f64),
            server_cpu_us_per_call: median_of(|report| report.server_cpu_us / report.calls as f64),
            server_memory_bytes: median_of(|report| report.server_memory_bytes as f64),
            flow_bytes_per_second: median_of(|report| report.flow_bytes_per_second.unwrap_or(f64::NAN)),
        }
    }
}

/// The reference against one contender; above 1 the reference is better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Ratios {
    /// The reference's calls per second over the contender's.
    pub(super) calls_per_second: Spread,
    /// The contender's p50 over the reference's.
    pub(super) p50: Spread,
    /// The contender's p99 over the reference's.
    pub(super) p99: Spread,
}

impl Ratios {
    /// Of the comparison's first contender against `contender`, each round by itself.
    pub(super) fn of(outcome: &Outcome, contender: &Measured) -> Option<Self> {
        let reference = outcome.contenders.first()?;
        let spread = |ratio: fn(&LoadReport, &LoadReport) -> f64| {
            let rounds = reference.rounds.iter().zip(&contender.rounds);
            Spread::of(&rounds.map(|(a, b)| ratio(a, b)).collect::<Vec<_>>())
        };
        Some(Self {
            calls_per_second: spread(|a, b| calls_per_second(a) / calls_per_second(b)),
            p50: spread(|a, b| latency(b, |latency| latency.p50_us) / latency(a, |latency| latency.p50_us)),
            p99: spread(|a, b| latency(b, |latency| latency.p99_us) / latency(a, |latency| latency.p99_us)),
        })
    }
}

/// Calls per second, lowest and highest of the rounds, too.
pub(super) fn rate(measured: &Measured) -> Spread {
    Spread::of(&measured.rounds.iter().map(calls_per_second).collect::<Vec<_>>())
}

fn calls_per_second(report: &LoadReport) -> f64 {
    report.calls as f64 / report.seconds
}

fn latency(report: &LoadReport, figure: fn(Latency) -> f64) -> f64 {
    report.latency.map_or(f64::NAN, figure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Flavor;
    use crate::parent::plan::{Arrangement, Cell, Section};
    use crate::placement::Placement;
    use crate::systems::SystemName;

    fn measured(system: SystemName, calls_and_p50: &[(u64, f64)]) -> Measured {
        let report = |&(calls, p50_us)| LoadReport {
            calls,
            seconds: 2.0,
            latency: Some(Latency { p50_us, p99_us: p50_us * 2.0, p999_us: p50_us * 3.0 }),
            flow_bytes_per_second: None,
            client_cpu_us: calls as f64 * 4.0,
            server_cpu_us: calls as f64 * 5.0,
            server_memory_bytes: 1_000,
        };
        Measured {
            cell: Cell::idle(system, 1),
            arrangement: Arrangement::new(Flavor::Current, Flavor::Current, Placement::Free),
            rounds: calls_and_p50.iter().map(report).collect(),
        }
    }

    #[test]
    fn a_median_is_the_middle_in_any_order() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ratios_are_taken_within_each_round() {
        // The machine was twice as fast in the second round: the ratio does not notice.
        let fast = measured(SystemName::Tarpc, &[(300, 10.0), (600, 5.0), (300, 10.0)]);
        let slow = measured(SystemName::Tonic, &[(100, 30.0), (200, 15.0), (150, 20.0)]);
        let outcome = Outcome { section: Section::Grid, contenders: vec![fast, slow] };
        let ratios = Ratios::of(&outcome, &outcome.contenders[1]).unwrap();
        let expected = Spread { median: 3.0, min: 2.0, max: 3.0 };
        assert_eq!(ratios.calls_per_second, expected);
        assert_eq!(ratios.p50, expected);
    }

    #[test]
    fn a_contender_equals_itself() {
        let only = measured(SystemName::Tonic, &[(100, 30.0)]);
        let outcome = Outcome { section: Section::Grid, contenders: vec![only] };
        let ratios = Ratios::of(&outcome, &outcome.contenders[0]).unwrap();
        assert_eq!(ratios.p99.median, 1.0);
    }

    #[test]
    fn processor_time_is_per_call() {
        let medians = Medians::of(&measured(SystemName::Tonic, &[(100, 1.0), (300, 1.0)]));
        assert_eq!(medians.client_cpu_us_per_call, 4.0);
        assert_eq!(medians.server_cpu_us_per_call, 5.0);
        assert_eq!(medians.calls_per_second, 100.0);
    }
}
