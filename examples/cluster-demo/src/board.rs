//! What is seen while it runs: a table on a terminal, a line a second anywhere else.

use std::{
    io::{self, IsTerminal, Write, stdout},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use rpcnet_cluster::ClusterClient;
use tokio::{
    task::AbortHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    sights::Sights,
    tally::{Tally, quantile},
};

/// The live view. Clones show the same.
#[derive(Clone)]
pub(crate) struct Board {
    tally: Tally,
    sights: Sights,
    cluster: ClusterClient,
    screen: Arc<Mutex<Screen>>,
}

#[derive(Default)]
struct Screen {
    drawn_lines: usize,
    /// How much each worker had answered when it was drawn last.
    answered: Vec<u64>,
}

/// Draws until it is dropped.
pub(crate) struct Drawing(AbortHandle);

impl Board {
    pub(crate) fn new(tally: Tally, sights: Sights, cluster: ClusterClient) -> Self {
        Self { tally, sights, cluster, screen: Arc::default() }
    }

    /// Draws from now on.
    pub(crate) fn draw(&self) -> Drawing {
        let board = self.clone();
        let every = if stdout().is_terminal() { FRAME } else { WINDOW };
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let drawing = async move {
            // Whoever closes the output sees no more of it; the show goes on.
            loop {
                ticks.tick().await;
                if board.frame(every).is_err() {
                    return;
                }
            }
        };
        Drawing(tokio::spawn(drawing).abort_handle())
    }

    /// Says something, above the table.
    pub(crate) fn say(&self, text: &str) -> io::Result<()> {
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        screen.clear()?;
        for line in text.lines() {
            writeln!(stdout(), "{line}")?;
        }
        Ok(())
    }

    fn frame(&self, every: Duration) -> io::Result<()> {
        let calls = self.tally.last(WINDOW);
        let answered = calls.iter().filter(|call| call.failed.is_none());
        let head = format!(
            "{:5.1} s   {} calls a second, p50 {:.1} ms, p99 {:.1} ms, {} failed",
            self.tally.now().as_secs_f64(),
            calls.len(),
            quantile(answered.clone(), 0.5).as_secs_f64() * 1e3,
            quantile(answered, 0.99).as_secs_f64() * 1e3,
            calls.iter().filter(|call| call.failed.is_some()).count(),
        );
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = self.rows(&mut screen.answered);
        if every == FRAME { screen.show(&head, &rows) } else { line(&head, &rows) }
    }

    /// For each worker: its name, its share of the answers since the last frame, and its state.
    fn rows(&self, before: &mut Vec<u64>) -> Vec<[String; 5]> {
        let counters = self.sights.workers();
        before.resize(counters.len(), 0);
        let fresh: Vec<_> = counters.iter().zip(&*before).map(|((_, now), before)| now.answered() - before).collect();
        let all = fresh.iter().sum::<u64>().max(1);
        let workers = self.cluster.workers();
        let rows = counters.iter().zip(&fresh).map(|((id, counters), fresh)| {
            let worker = workers.iter().find(|worker| worker.id() == id);
            let state = match worker {
                None => "not a member",
                Some(worker) if worker.is_draining() => "draining",
                Some(worker) if worker.info().suspect => "suspected",
                Some(_) => "alive",
            };
            let calls = worker.map_or(0, |worker| worker.active_connections());
            let share = format!("{} %", fresh * 100 / all);
            [id.to_string(), share, calls.to_string(), state.to_owned(), counters.link().to_owned()]
        });
        let rows = rows.collect();
        *before = counters.iter().map(|(_, counters)| counters.answered()).collect();
        rows
    }
}

fn line(head: &str, rows: &[[String; 5]]) -> io::Result<()> {
    let rows: Vec<_> = rows.iter().map(|[id, share, _, state, link]| format!("{id} {share} {state}, {link}")).collect();
    writeln!(stdout(), "{head}   {}", rows.join("   "))
}

impl Screen {
    fn show(&mut self, head: &str, rows: &[[String; 5]]) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(["worker", "share of the answers", "under way", "membership", "connection"]);
        rows.iter().for_each(|row| {
            table.add_row(row);
        });
        let text = format!("{head}\n{table}");
        self.clear()?;
        writeln!(stdout(), "{text}")?;
        self.drawn_lines = text.lines().count();
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        if self.drawn_lines > 0 {
            write!(stdout(), "\x1b[{}A\x1b[J", self.drawn_lines)?;
            self.drawn_lines = 0;
        }
        Ok(())
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How often a terminal is drawn.
const FRAME: Duration = Duration::from_millis(200);
/// What the figures are of: the last second.
const WINDOW: Duration = Duration::from_secs(1);
