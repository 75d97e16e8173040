//! What others do when a server goes away, and whether they are ready to serve.

use std::{fmt, future::Future, pin::Pin};

use parking_lot::Mutex;
use tokio::{runtime::Handle, task::JoinSet};

/// What is to be run once, at a turn of a server's life.
type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Why it is not ready, if it is not.
type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// One for a server. Nothing here is on the path of a call.
#[derive(Default)]
pub(super) struct Hooks {
    draining: Mutex<Vec<Hook>>,
    stopped: Mutex<Vec<Hook>>,
    checks: Mutex<Vec<(String, Check)>>,
}

/// Why a server is not ready to serve: what is wrong with which of its parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct NotReady {
    /// The name of each part that is not ready, and what it says.
    pub reasons: Vec<(String, String)>,
}

impl Hooks {
    pub(super) fn on_drain<F: Future<Output = ()> + Send + 'static>(&self, hook: impl FnOnce() -> F + Send + 'static) {
        self.draining.lock().push(Box::new(|| Box::pin(hook())));
    }

    pub(super) fn on_stop<F: Future<Output = ()> + Send + 'static>(&self, hook: impl FnOnce() -> F + Send + 'static) {
        self.stopped.lock().push(Box::new(|| Box::pin(hook())));
    }

    pub(super) fn ready_when(&self, name: String, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.checks.lock().push((name, Box::new(check)));
    }

    /// Runs what is to be run before the server begins to drain, if that was not done before.
    pub(super) fn run_draining(&self, runtime: &Handle) -> JoinSet<()> {
        run(&self.draining, runtime)
    }

    /// The same for when it has stopped.
    pub(super) fn run_stopped(&self, runtime: &Handle) -> JoinSet<()> {
        run(&self.stopped, runtime)
    }

    pub(super) fn readiness(&self) -> Result<(), NotReady> {
        let checks = self.checks.lock();
        let failing = checks.iter().filter_map(|(name, check)| Some((name.clone(), check().err()?)));
        let reasons: Vec<_> = failing.collect();
        if reasons.is_empty() { Ok(()) } else { Err(NotReady { reasons }) }
    }
}

/// Each on a task of its own, so that one that panics or hangs keeps no other from running.
fn run(hooks: &Mutex<Vec<Hook>>, runtime: &Handle) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for hook in std::mem::take(&mut *hooks.lock()) {
        running.spawn_on(async move { hook().await }, runtime);
    }
    running
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server is not ready")?;
        self.reasons.iter().try_for_each(|(name, reason)| write!(f, "; {name}: {reason}"))
    }
}
