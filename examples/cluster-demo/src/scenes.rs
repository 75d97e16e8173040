//! What happens to single workers, and what callers notice of it.

use std::{error::Error, time::Duration};

use rpcnet::Executed;
use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use crate::{
    board::Board,
    fleet::Fleet,
    report::{Figure, Report},
    sights::Sights,
    tally::{Call, Tally, quantile},
};

/// What scenes play with.
pub(crate) struct Stage {
    pub(crate) fleet: Fleet,
    pub(crate) tally: Tally,
    pub(crate) sights: Sights,
    pub(crate) board: Board,
    pub(crate) report: Report,
    /// How long a scene is watched.
    pub(crate) scene: Duration,
    /// How long a call may take.
    pub(crate) deadline: Duration,
    pub(crate) hedging: bool,
}

/// Nothing happens.
pub(crate) async fn calm(stage: &mut Stage) -> Result<(), Box<dyn Error>> {
    sleep(WARM_UP).await;
    stage.say("All is well.")?;
    let at = stage.tally.now();
    sleep(stage.scene / 2).await;
    let calls = stage.tally.of(at..stage.tally.now()).await;
    stage.noticed("calm", &calls)
}

/// A worker is killed.
pub(crate) async fn kill(stage: &mut Stage, worker: usize) -> Result<(), Box<dyn Error>> {
    const SCENE: &str = "SIGKILL";
    stage.say(&format!("worker-{} is killed (SIGKILL).", worker + 1))?;
    let (at, wasted) = (stage.tally.now(), stage.sights.workers()[worker].1.wasted());
    stage.fleet.signal(worker, Signal::KILL)?;
    sleep(stage.scene).await;
    let end = stage.tally.now();
    let calls = stage.tally.of(at.saturating_sub(stage.deadline)..end).await;
    let in_flight = || calls.iter().filter(|call| call.idempotent && call.began <= at && call.ended() > at);
    let lost_with_it = (stage.sights.workers()[worker].1.wasted() - wasted) as f64;
    let slowest = in_flight().map(|call| call.ended() - at).max().unwrap_or_default();
    stage.found(Figure::new(SCENE, "attempts that it took with it", lost_with_it, ""))?;
    stage
        .found(Figure::new(SCENE, "the slowest call in flight was done after", millis(slowest), "ms").at_most(500.0))?;
    stage.noticed(SCENE, &calls)?;
    stage.out_of_picks(SCENE, worker, at)?;

    stage.say("It starts again.")?;
    stage.fleet.ended(worker).await?;
    stage.restarted(SCENE, worker).await
}

/// A worker is paused: packets to it vanish, and nobody says why.
pub(crate) async fn stop(stage: &mut Stage, worker: usize) -> Result<(), Box<dyn Error>> {
    const SCENE: &str = "SIGSTOP";
    stage.say(&format!("worker-{} is paused (SIGSTOP).", worker + 1))?;
    let at = stage.tally.now();
    stage.fleet.signal(worker, Signal::STOP)?;
    sleep(stage.scene).await;
    let end = stage.tally.now();
    let calls = stage.tally.of(at..end).await;
    let idempotent: Vec<_> = calls.iter().filter(|call| call.idempotent).collect();
    let answered = idempotent.iter().filter(|call| call.failed.is_none()).count();
    let success = 100.0 * answered as f64 / idempotent.len().max(1) as f64;
    let in_time = format!("idempotent calls answered within {:?}", stage.deadline);
    stage.found(Figure::new(SCENE, in_time, success, "%").at_least(99.99))?;
    let p99 = Figure::new(SCENE, "p99 of idempotent calls", millis(quantile(idempotent, 0.99)), "ms");
    stage.found(if stage.hedging { p99.at_most(300.0) } else { p99 })?;
    stage.noticed(SCENE, &calls)?;
    stage.out_of_picks(SCENE, worker, at)?;

    stage.say("It goes on (SIGCONT).")?;
    let before = stage.answered()[worker];
    stage.fleet.signal(worker, Signal::CONT)?;
    let at = stage.tally.now();
    stage.until(|stage| stage.answered()[worker] > before).await?;
    let back = millis(stage.tally.now() - at);
    stage.found(Figure::new(SCENE, "back in the picks, from SIGCONT on, after", back, "ms"))
}

/// Every worker is drained and started again, one after the other.
pub(crate) async fn rolling_restart(stage: &mut Stage) -> Result<(), Box<dyn Error>> {
    const SCENE: &str = "drain";
    stage.say("Every worker is drained (SIGTERM) and started again, one after the other.")?;
    let start = stage.tally.now();
    for worker in 0..stage.fleet.ids().len() {
        let at = stage.tally.now();
        stage.fleet.signal(worker, Signal::TERM)?;
        stage.fleet.ended(worker).await?;
        stage.out_of_picks(SCENE, worker, at)?;
        stage.restarted(SCENE, worker).await?;
    }
    let calls = stage.tally.of(start..stage.tally.now()).await;
    let failed = calls.iter().filter(|call| call.failed.is_some()).count() as f64;
    stage.found(Figure::new(SCENE, "failed calls of any kind", failed, "").at_most(0.0).must())?;
    stage.noticed(SCENE, &calls)
}

impl Stage {
    pub(crate) fn say(&self, text: &str) -> Result<(), Box<dyn Error>> {
        Ok(self.board.say(&format!("\n{:5.1} s   {text}", self.tally.now().as_secs_f64()))?)
    }

    /// Shows a figure, and keeps it.
    pub(crate) fn found(&mut self, figure: Figure) -> Result<(), Box<dyn Error>> {
        self.board.say(&format!("          {}", figure.text()))?;
        self.report.add(figure);
        Ok(())
    }

    /// What callers have noticed.
    fn noticed(&mut self, scene: &'static str, calls: &[Call]) -> Result<(), Box<dyn Error>> {
        let failed =
            |idempotent| calls.iter().filter(move |call| call.idempotent == idempotent && call.failed.is_some());
        if let Some(error) = failed(true).find_map(|call| call.error.as_ref()) {
            self.board.say(&format!("          for example: {error}"))?;
        }
        let lost = format!("idempotent calls lost, of {}", calls.iter().filter(|call| call.idempotent).count());
        self.found(Figure::new(scene, lost, failed(true).count() as f64, "").at_most(0.0).must())?;
        // That nobody knows whether they ran is all that can be said of them.
        let lied = failed(false).filter(|call| call.failed != Some(Executed::Maybe)).count();
        let others = format!("others that failed, of {}", calls.iter().filter(|call| !call.idempotent).count());
        self.found(Figure::new(scene, others, failed(false).count() as f64, ""))?;
        if lied > 0 {
            self.found(Figure::new(scene, "of these, for another reason than a lost answer", lied as f64, ""))?;
        }
        let slowest = calls.iter().filter(|call| call.failed.is_none()).map(|call| call.took).max();
        self.found(Figure::new(scene, "slowest call", millis(slowest.unwrap_or_default()), "ms"))
    }

    /// How long calls were sent to a worker after `at`.
    fn out_of_picks(&mut self, scene: &'static str, worker: usize, at: Duration) -> Result<(), Box<dyn Error>> {
        let (id, counters) = &self.sights.workers()[worker];
        let out = millis(counters.last_begun().saturating_sub(at));
        let figure = Figure::new(scene, format!("{id} was out of the picks after"), out, "ms");
        self.found(figure)
    }

    /// Starts a worker, and waits until it answers.
    async fn restarted(&mut self, scene: &'static str, worker: usize) -> Result<(), Box<dyn Error>> {
        let before = self.answered()[worker];
        self.fleet.start_all().await?;
        let at = self.tally.now();
        self.until(|stage| stage.answered()[worker] > before).await?;
        let back = millis(self.tally.now() - at);
        self.found(Figure::new(
            scene,
            format!("worker-{} answered again, from its start on, after", worker + 1),
            back,
            "ms",
        ))
    }

    /// How many calls each worker has answered.
    pub(crate) fn answered(&self) -> Vec<u64> {
        self.sights.workers().iter().map(|(_, counters)| counters.answered()).collect()
    }

    /// Waits for something that must come soon.
    pub(crate) async fn until(&self, condition: impl Fn(&Self) -> bool) -> Result<(), Box<dyn Error>> {
        let wait = async {
            while !condition(self) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        Ok(timeout(PATIENCE, wait).await.map_err(|_| format!("a worker got no call for {PATIENCE:?}"))?)
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The first calls open what later ones find open.
const WARM_UP: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);
