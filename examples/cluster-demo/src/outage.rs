//! All workers die at once, and come back.

use std::{error::Error, time::Duration};

use rustix::process::Signal;
use tokio::time::sleep;

use crate::{report::Figure, scenes::Stage};

/// Kills all, and starts them again: neither may callers do harm meanwhile, nor be slow to come back.
pub(crate) async fn outage(stage: &mut Stage) -> Result<(), Box<dyn Error>> {
    const SCENE: &str = "outage";
    let count = stage.fleet.ids().len();
    stage.say("All workers are killed (SIGKILL).")?;
    let (at, attempts_before) = (stage.tally.now(), stage.sights.attempts());
    for worker in 0..count {
        stage.fleet.signal(worker, Signal::KILL)?;
    }
    for worker in 0..count {
        stage.fleet.ended(worker).await?;
    }
    sleep(stage.scene.min(OUTAGE_MAX)).await;
    let calls = stage.tally.of(at..stage.tally.now()).await.len();
    let out = stage.tally.now() - at;
    let attempts = stage.sights.attempts() - attempts_before;
    let beyond_floor = (attempts as f64 - FLOOR * out.as_secs_f64()).max(0.0);
    let ratio = Figure::new(SCENE, "attempts for each call, above the floor", beyond_floor / calls.max(1) as f64, "x");
    stage.found(ratio.at_most(1.1).must())?;

    stage.say("All start again.")?;
    let answered = stage.answered();
    stage.fleet.start_all().await?;
    let back = stage.tally.now();
    stage.until(|stage| stage.answered().iter().zip(&answered).all(|(now, before)| now > before)).await?;
    let all_work = stage.tally.now();
    sleep(SETTLED).await;
    let calls = stage.tally.of(back..stage.tally.now()).await;
    let last_failure = calls.iter().filter(|call| call.failed.is_some()).map(|call| call.ended()).max();
    let recovered = last_failure.unwrap_or(back).max(all_work) - back;
    let what = "until every worker answers and no call fails any more";
    stage.found(Figure::new(SCENE, what, recovered.as_secs_f64() * 1e3, "ms").at_most(2_000.0))
}

/// Retries that are free, a second.
const FLOOR: f64 = 10.0;
const OUTAGE_MAX: Duration = Duration::from_secs(2);
/// No call failed for so long.
const SETTLED: Duration = Duration::from_millis(500);
