//! What others do when a server goes away, and whether they are ready to serve.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use parking_lot::Mutex;
use tokio::{runtime::Handle, task::JoinSet};

/// What is to be run once, at a turn of a server's life.
type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Why it is not ready, if it is not.
type Check = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

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
        self.checks.lock().push((name, Arc::new(check)));
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
        // They run without the lock: what they do is not known here.
        let checks = self.checks.lock().clone();
        let failing = checks.into_iter().filter_map(|(name, check)| Some((name, check().err()?)));
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

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use super::*;

    #[test]
    fn a_check_may_add_another() {
        let (done, ended) = mpsc::channel();
        // On a thread of its own, so that one that hangs is a failure.
        thread::spawn(move || {
            let hooks = Arc::new(Hooks::default());
            let within = Arc::clone(&hooks);
            hooks.ready_when("first".into(), move || {
                within.ready_when("second".into(), || Err("not yet".into()));
                Ok(())
            });
            assert_eq!(hooks.readiness(), Ok(()));
            let second = ("second".to_owned(), "not yet".to_owned());
            assert_eq!(hooks.readiness(), Err(NotReady { reasons: vec![second] }));
            done.send(()).expect("the test waits");
        });
        ended.recv_timeout(Duration::from_secs(10)).expect("no check is in another's way");
    }
}
