//! Nothing happens: what does it cost?

use std::time::Duration;

use super::{
    super::{Protocol, World},
    Report, Stage,
};

/// Bytes that each node sends and receives when nothing happens, and how long a simulated second takes here.
pub fn idle<P: Protocol>(stage: &Stage<'_, P>) -> Report {
    let (mut sent, mut received, mut most, mut packets, mut bulk) = (0.0, 0.0, 0.0f64, 0.0, 0.0);
    let measured = if stage.nodes > 5000 { Duration::from_secs(20) } else { Duration::from_secs(60) };
    for seed in stage.seeds() {
        let mut world = World::<P>::acquainted((stage.config)(stage.nodes), stage.nodes, seed);
        world.run_for(Duration::from_secs(10));
        let before: Vec<_> = (0..stage.nodes).map(|node| world.traffic(node)).collect();
        let steps = measured.as_secs() as usize;
        for step in 0..steps {
            stage.tell(seed, step, steps);
            world.run_for(Duration::from_secs(1));
        }
        for (node, before) in before.iter().enumerate() {
            let after = world.traffic(node);
            let own = (after.sent_bytes - before.sent_bytes) as f64 / measured.as_secs_f64();
            sent += own;
            most = most.max(own);
            received += (after.received_bytes - before.received_bytes) as f64 / measured.as_secs_f64();
            packets += (after.sent_packets - before.sent_packets) as f64 / measured.as_secs_f64();
            bulk += (after.bulk_requests - before.bulk_requests) as f64;
        }
    }
    let nodes = (stage.nodes as u64 * stage.seeds) as f64;
    let mut report = Report::default();
    report.measure("sent by each node, mean", sent / nodes, "B/s", Some(1200.0));
    report.measure("sent by each node, most", most, "B/s", None);
    report.measure("received by each node, mean", received / nodes, "B/s", Some(1200.0));
    report.measure("datagrams sent by each node", packets / nodes, "/s", None);
    report.measure("bulk requests in all", bulk, "", None);
    report
}
