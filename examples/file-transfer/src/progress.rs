//! How far a transfer is, how fast, and how long it will take: a bar on a terminal, a few lines anywhere else.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

use indicatif::{BinaryBytes, HumanBytes, ProgressBar, ProgressStyle};

use crate::service::FileInfo;

/// One transfer's progress; clones show the same.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
    what: &'static str,
    start: u64,
    /// The quarter of the file that a line was last written about.
    told: Arc<AtomicU64>,
}

impl Progress {
    /// Begins to show a transfer that goes on at `position`.
    pub fn start(what: &'static str, file: &FileInfo, position: u64) -> Self {
        let template = "{msg} [{bar:30}] {bytes}/{total_bytes}, {binary_bytes_per_sec}, {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(file.bytes).with_style(style).with_position(position).with_message(what);
        // So that the bytes of an earlier transfer do not count as fast ones of this.
        bar.reset_eta();
        let told = Arc::new(AtomicU64::new(quarter(position, file.bytes)));
        let progress = Self { bar, what, start: position, told };
        progress.line(&format!("{} of {}, from {}", file.name, HumanBytes(file.bytes), HumanBytes(position)));
        progress
    }

    /// The transfer has come to `position`.
    pub fn reached(&self, position: u64) {
        self.bar.set_position(position);
        let quarter = quarter(position, self.bar.length().unwrap_or_default());
        if self.bar.is_hidden() && self.told.swap(quarter, Ordering::Relaxed) < quarter {
            let rate = (position - self.start) as f64 / self.bar.elapsed().as_secs_f64();
            self.line(&format!("{} %, {}/s, {:.1?} left", quarter * 25, BinaryBytes(rate as u64), self.bar.eta()));
        }
    }

    /// The transfer is over.
    pub fn end(&self, is_whole: bool) {
        if is_whole {
            self.bar.finish()
        } else {
            self.bar.abandon()
        }
        self.line(if is_whole { "done" } else { "cut off" });
    }

    /// Says something that a bar would show.
    fn line(&self, text: &str) {
        if self.bar.is_hidden() {
            eprintln!("{}: {text}", self.what);
        }
    }
}

fn quarter(position: u64, length: u64) -> u64 {
    (position * 4).checked_div(length).unwrap_or(4)
}
