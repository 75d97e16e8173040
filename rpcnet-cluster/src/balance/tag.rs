//! A load as a tag: for workers that tell it by gossip.

use std::time::Duration;

use super::load::LoadReport;

impl LoadReport {
    /// The tag's name.
    pub const TAG: &'static str = "load";

    /// As the value of the tag: calls under way, then microseconds that a call waits.
    pub fn to_tag(&self) -> String {
        format!("{} {}", self.in_flight, self.queue_delay.as_micros())
    }

    /// What the tag says; `None` for what no version writes.
    pub fn from_tag(value: &str) -> Option<Self> {
        let (in_flight, delay) = value.split_once(' ')?;
        let mut report = Self::new(in_flight.parse().ok()?);
        report.queue_delay = Duration::from_micros(delay.parse().ok()?);
        Some(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_survives_being_a_tag_and_nothing_else_is_one() {
        let mut load = LoadReport::new(17);
        load.queue_delay = Duration::from_micros(1234);
        assert_eq!(LoadReport::from_tag(&load.to_tag()), Some(load));
        for text in ["", "17", "17 ", "-1 0", "17 1.5", "a b"] {
            assert_eq!(LoadReport::from_tag(text), None, "{text}");
        }
    }
}
