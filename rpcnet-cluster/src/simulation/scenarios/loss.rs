//! The network loses datagrams, and nobody crashes: is anybody declared failed?

use std::time::Duration;

use super::{
    super::{Burst, Observation, Protocol, World},
    Report, Stage,
};

/// Each datagram is lost with the same probability, for so long.
pub fn loss<P: Protocol>(stage: &Stage<'_, P>, share: f64, duration: Duration, bar: Option<f64>) -> Report {
    run(stage, duration, bar, |world| world.network.link.loss = share)
}

/// Each link is bad for 300 ms every 3 s on average, and loses 90% then: 8% in all.
pub fn bursts<P: Protocol>(stage: &Stage<'_, P>, duration: Duration, bar: Option<f64>) -> Report {
    let burst = Burst { bad: Duration::from_millis(300), good: Duration::from_secs(3), loss: 0.9 };
    run(stage, duration, bar, |world| world.network.link.burst = Some(burst))
}

fn run<P: Protocol>(
    stage: &Stage<'_, P>,
    duration: Duration,
    bar: Option<f64>,
    spoil: impl Fn(&mut World<P>),
) -> Report {
    let (mut suspicions, mut failures, mut victims) = (0.0, 0.0, 0.0);
    for seed in stage.seeds() {
        let mut world = World::<P>::acquainted((stage.config)(stage.nodes), stage.nodes, seed);
        spoil(&mut world);
        let steps = duration.as_secs().max(1) as usize;
        let mut last_victim = vec![false; stage.nodes];
        for step in 0..steps {
            stage.tell(seed, step, steps);
            world.run_for(Duration::from_secs(1));
            let mut suspected = Vec::new();
            for observed in world.observed.drain(..) {
                match observed.what {
                    Observation::Suspected(node) => suspected.push(node),
                    Observation::Failed(node) => {
                        failures += 1.0;
                        victims += f64::from(u8::from(!std::mem::replace(&mut last_victim[node], true)));
                    }
                    _ => {}
                }
            }
            suspected.sort_unstable();
            suspected.dedup();
            suspicions += suspected.len() as f64;
        }
    }
    let node_seconds = stage.nodes as f64 * duration.as_secs_f64() * stage.seeds as f64;
    let mut report = Report::default();
    report.measure("node-seconds", node_seconds, "", None);
    report.measure("suspicions raised", suspicions, "", None);
    report.measure("nodes declared failed", victims, "", bar);
    report.measure("false verdicts in all views", failures, "", None);
    report.measure("per 100,000 node-seconds", victims * 1e5 / node_seconds, "", None);
    report
}
