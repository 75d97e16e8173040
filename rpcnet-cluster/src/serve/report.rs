//! How much a server has to do, told to the cluster.

use std::time::Duration;

use rpcnet::ServerMonitor;
use tokio::time::{MissedTickBehavior, interval};

use crate::{balance::LoadReport, cluster::WeakMembership};

/// Tells until the server goes away or the node has left.
pub(super) async fn report(server: ServerMonitor, cluster: WeakMembership) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = LoadReport::default();
    loop {
        ticks.tick().await;
        let queue_delay = server.queue_delay().await;
        let load = server.load();
        let Some(node) = cluster.upgrade() else { return };
        if load.draining {
            return;
        }
        let mut now = LoadReport::new(u32::try_from(load.calls_in_flight).unwrap_or(u32::MAX));
        now.queue_delay = queue_delay;
        if differs(&told, &now) {
            told = now;
            if let Err(error) = node.set_tag(LoadReport::TAG, &now.to_tag()) {
                tracing::warn!(%error, "the load can't be told");
                return;
            }
        }
    }
}

/// Whether it is worth the news: much more or much less than what was told.
fn differs(told: &LoadReport, now: &LoadReport) -> bool {
    let far = |one: u128, other: u128, floor: u128| one.abs_diff(other) > (one.max(other) / 2).max(floor);
    far(told.in_flight.into(), now.in_flight.into(), IN_FLIGHT_FLOOR)
        || far(told.queue_delay.as_micros(), now.queue_delay.as_micros(), DELAY_FLOOR_US)
}

const INTERVAL: Duration = Duration::from_secs(1);
/// Less than that is nothing to speak of.
const IN_FLIGHT_FLOOR: u128 = 4;
const DELAY_FLOOR_US: u128 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_changed_much_is_told() {
        let load = |in_flight, delay_ms| {
            let mut load = LoadReport::new(in_flight);
            load.queue_delay = Duration::from_millis(delay_ms);
            load
        };
        assert!(!differs(&load(0, 0), &load(4, 1)));
        assert!(differs(&load(0, 0), &load(5, 0)));
        assert!(!differs(&load(100, 0), &load(140, 0)));
        assert!(differs(&load(100, 0), &load(201, 0)));
        assert!(differs(&load(100, 0), &load(100, 20)));
        assert!(differs(&load(100, 20), &load(100, 0)));
    }
}
