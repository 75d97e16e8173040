//! What every node has seen so far, as a table.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{IsTerminal, Write, stdout},
    time::Duration,
};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use rpcnet_cluster::{ClusterSnapshot, NodeSnapshot};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

/// The newest view of every node that runs, drawn whenever one changes; without a terminal, at the end of each step.
pub(crate) struct Board {
    views: BTreeMap<String, ClusterSnapshot>,
    received: mpsc::Receiver<ClusterSnapshot>,
    /// Wrong verdicts since the last step began: who saw whom as what.
    verdicts: Vec<(String, String, String)>,
    drawn_lines: usize,
    started: Instant,
}

impl Board {
    pub(crate) fn new(received: mpsc::Receiver<ClusterSnapshot>) -> Self {
        Self { views: BTreeMap::new(), received, verdicts: Vec::new(), drawn_lines: 0, started: Instant::now() }
    }

    /// Says what happens next.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), Box<dyn Error>> {
        self.drawn_lines = 0;
        self.verdicts.clear();
        writeln!(stdout(), "\n{:5.1} s  {text}", self.started.elapsed().as_secs_f64())?;
        Ok(())
    }

    /// A node does not run any more: its view no longer counts.
    pub(crate) fn forget(&mut self, id: &str) {
        self.views.remove(id);
    }

    /// What a node that runs says about itself.
    pub(crate) fn own(&self, id: &str) -> Option<&NodeSnapshot> {
        self.views.get(id)?.nodes.iter().find(|node| node.id == id)
    }

    /// Waits until all views satisfy a condition; returns how long it took.
    pub(crate) async fn wait(
        &mut self,
        what: &str,
        limit: Duration,
        condition: impl Fn(&Self) -> bool,
    ) -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        while !condition(self) {
            if !self.next(start + limit).await? {
                self.draw()?;
                return Err(format!("wrong: within {limit:?}, not {what}").into());
            }
        }
        if !stdout().is_terminal() {
            self.draw()?;
        }
        writeln!(stdout(), "         right: {what}, after {:.1} s", start.elapsed().as_secs_f64())?;
        Ok(start.elapsed())
    }

    /// Watches for a while.
    pub(crate) async fn watch(&mut self, time: Duration) -> Result<(), Box<dyn Error>> {
        let end = Instant::now() + time;
        while self.next(end).await? {}
        Ok(())
    }

    /// Whether every node that runs sees `subject` in this state, and no run of it before `generation`.
    pub(crate) fn all_see(&self, subject: &str, state: &str, generation: u64) -> bool {
        self.views.values().all(|view| {
            let node = view.nodes.iter().find(|node| node.id == subject);
            node.is_some_and(|node| node.state == state && node.generation >= generation)
        })
    }

    /// Whether so many nodes run, and each sees so many others alive, itself among them.
    pub(crate) fn all_see_each_other(&self, count: usize) -> bool {
        let alive = |view: &ClusterSnapshot| view.nodes.iter().filter(|node| node.state == "alive").count();
        self.views.len() == count && self.views.values().all(|view| alive(view) == count)
    }

    /// Fails if anybody has seen `subject` as failed since the step began.
    pub(crate) fn never_failed(&self, subject: &str) -> Result<(), Box<dyn Error>> {
        match self.verdicts.iter().find(|(_, whom, what)| whom == subject && what == "failed") {
            Some((who, ..)) => Err(format!("wrong: {who} saw {subject} as failed").into()),
            None => Ok(()),
        }
    }

    /// Takes the next view; `false` at `deadline`.
    async fn next(&mut self, deadline: Instant) -> Result<bool, Box<dyn Error>> {
        let Ok(Some(view)) = timeout_at(deadline, self.received.recv()).await else { return Ok(false) };
        let viewer = view.local_node_id.clone();
        for node in view.nodes.iter().filter(|node| node.state != "alive") {
            self.verdicts.push((viewer.clone(), node.id.clone(), node.state.clone()));
        }
        self.views.insert(viewer, view);
        if stdout().is_terminal() {
            self.draw()?;
        }
        Ok(true)
    }

    fn draw(&mut self) -> Result<(), Box<dyn Error>> {
        let mut subjects: Vec<_> = self.views.values().flat_map(|view| &view.nodes).map(|node| &node.id).collect();
        subjects.sort();
        subjects.dedup();
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(["sees"].into_iter().chain(subjects.iter().map(|id| id.as_str())));
        for (viewer, view) in &self.views {
            let state = |id: &&String| view.nodes.iter().find(|node| node.id == **id).map_or("-", |node| &node.state);
            table.add_row([viewer.as_str()].into_iter().chain(subjects.iter().map(state)));
        }
        let text = table.to_string();
        if self.drawn_lines > 0 && stdout().is_terminal() {
            write!(stdout(), "\x1b[{}A\x1b[J", self.drawn_lines)?;
        }
        writeln!(stdout(), "{text}")?;
        self.drawn_lines = text.lines().count();
        Ok(())
    }
}
