//! What every measurement of a run shares: certificates, cores, the bar that shows progress.

use std::borrow::Cow;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::plan::Plan;
use crate::certificates::Certificates;
use crate::placement::Cores;

/// Set up once a run; dropping it removes the certificates.
pub(super) struct Bench {
    pub(super) certificates: Certificates,
    pub(super) cores: Cores,
    progress: ProgressBar,
}

impl Bench {
    /// Mints certificates and looks at the machine.
    pub(super) fn new(plan: &Plan) -> Result<Self> {
        Ok(Self { certificates: Certificates::mint()?, cores: Cores::of_this_process()?, progress: progress(plan) })
    }

    /// Says on stderr what is being measured.
    pub(super) fn now(&self, what: impl Into<Cow<'static, str>>) {
        self.progress.set_message(what);
    }

    /// One measurement is done.
    pub(super) fn done(&self) {
        self.progress.inc(1);
    }

    /// Makes room for the tables.
    pub(super) fn clear(&self) {
        self.progress.finish_and_clear();
    }
}

/// A bar over pilot and rounds.
fn progress(plan: &Plan) -> ProgressBar {
    let total = plan.trials() + plan.measurements();
    let template = "{elapsed_precise} [{bar:30}] {pos}/{len} {wide_msg}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total as u64).with_style(style)
}
