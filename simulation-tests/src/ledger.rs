//! What really happened to calls, on both sides. It lives outside of the simulated machines.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rpcnet::{ErrorKind, Executed};

/// One for a simulation.
#[derive(Debug, Default)]
pub struct Ledger {
    records: Mutex<BTreeMap<u64, Record>>,
    violations: Mutex<Vec<String>>,
}

/// What happened to one call.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Handlers that began.
    pub started: u32,
    /// Handlers that came to the end of their work, well or with an error.
    pub completed: u32,
    /// Handlers that are no more.
    pub ended: u32,
    /// Items that the handler made.
    pub produced: u32,
    /// Items that the handler got.
    pub received: Vec<u32>,
    /// The handler was told that these were all.
    pub received_all: bool,
    /// Items that the caller gave.
    pub sent: u32,
    /// The caller has given all that it had.
    pub sent_all: bool,
    pub outcome: Option<Outcome>,
}

/// What a caller got.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub ended: Ended,
    /// Numbers of the items that came.
    pub items: Vec<u32>,
    /// Without the pauses of the caller itself.
    pub took: Duration,
    /// A value or an item is not what the handler sent.
    pub wrong: bool,
}

/// How a call ended for its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Well,
    /// The handler's own error.
    Application,
    Failed(ErrorKind, Executed, String),
    /// Its caller dropped it.
    Dropped,
}

impl Ledger {
    /// A handler begins.
    pub(crate) fn begin(self: &Arc<Self>, call: u64) -> Execution {
        self.note(call, |record| record.started += 1);
        Execution { ledger: Arc::clone(self), call }
    }

    pub(crate) fn note(&self, call: u64, change: impl FnOnce(&mut Record)) {
        change(self.records.lock().entry(call).or_default());
    }

    /// Something happened that belongs to no call, or that no record can show.
    pub(crate) fn violation(&self, text: String) {
        self.violations.lock().push(text);
    }

    pub(crate) fn record(&self, call: u64) -> Record {
        self.records.lock().get(&call).cloned().unwrap_or_default()
    }

    /// All calls, and what else was noted.
    pub(crate) fn close(&self) -> (BTreeMap<u64, Record>, Vec<String>) {
        (self.records.lock().clone(), std::mem::take(&mut self.violations.lock()))
    }
}

/// One run of a handler, until it is dropped.
#[derive(Debug)]
pub(crate) struct Execution {
    ledger: Arc<Ledger>,
    call: u64,
}

impl Execution {
    pub(crate) fn complete(&self) {
        self.ledger.note(self.call, |record| record.completed += 1);
    }

    pub(crate) fn produced(&self, items: u32) {
        self.ledger.note(self.call, |record| record.produced = items);
    }

    pub(crate) fn received(&self, number: u32) {
        self.ledger.note(self.call, |record| record.received.push(number));
    }

    pub(crate) fn received_all(&self) {
        self.ledger.note(self.call, |record| record.received_all = true);
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        self.ledger.note(self.call, |record| record.ended += 1);
    }
}
