//! All of it in one go: a director, two workers and clients, and what kills workers.

use std::{
    error::Error,
    io::{Write, stdout},
    time::Duration,
};

use tokio::{sync::mpsc, time::timeout};

use crate::processes::Processes;

const WORKERS: [&str; 2] = ["worker-a", "worker-b"];

/// Tells the story; fails if a client has lost a token, got one twice, or waited for too long.
pub(crate) async fn tell() -> Result<(), Box<dyn Error>> {
    let (lines, received) = mpsc::channel(64);
    let mut story = Story { processes: Processes::new(lines), received, director: String::new() };

    say("A director and two workers start. Workers find the director by gossip.")?;
    story.processes.start("director", "director", &[("DIRECTOR_ADDR", "127.0.0.1:0")])?;
    let ready = story.until("the director is ready", |_, line| line.contains("Director ready")).await?.1;
    story.director = ready.rsplit(' ').next().unwrap_or_default().to_owned();
    for label in WORKERS {
        story.start_worker(label, &[])?;
    }
    story.until("the director knows both", |_, line| line.contains("2 workers available")).await?;

    say("A client streams tokens, directly and through the director. Each time its worker is killed half-way.")?;
    story.start_client()?;
    for way in ["direct", "relayed"] {
        let half_way = |name: &str, line: &str| name == "client" && line.contains("total=40)") && line.contains(way);
        let (_, line) = story.until("half of the stream", half_way).await?;
        let worker = line.rsplit(' ').next().unwrap_or_default().to_owned();
        say(&format!("{worker} is killed."))?;
        story.processes.kill(&worker).await?;
        let all = |name: &str, line: &str| name == "client" && line.contains("tokens received") && line.contains(way);
        story.until("all tokens", all).await?;
        say(&format!("{worker} starts again."))?;
        story.start_worker(&worker, &[])?;
        let ready = |name: &str, line: &str| name == worker && line.contains("is running and ready");
        story.until("it is back", ready).await?;
    }
    story.processes.stop("client").await?;

    say("Both workers start again with failure simulation, and fail more often than a stream is long.")?;
    for label in WORKERS {
        story.processes.stop(label).await?;
        story.start_worker(label, &[("WORKER_FAILURE_ENABLED", "true"), ("WORKER_FAILURE_SECONDS", "0.8,0.3,0.6")])?;
        story.until("it is back", |name, line| name == label && line.contains("is running and ready")).await?;
    }
    story.start_client()?;
    let mut breaks = 0;
    let count = |name: &str, line: &str| {
        breaks += u32::from(line.contains("going on at token") && ["client", "director"].contains(&name));
        name == "client" && line.contains("tokens received relayed")
    };
    story.until("all tokens", count).await?;
    story.processes.stop("client").await?;
    if breaks == 0 {
        return Err("wrong: no stream broke off, so nothing was shown".into());
    }
    say(&format!("Streams broke off {breaks} times. No token was lost, and none came twice."))?;
    for name in WORKERS.into_iter().chain(["director"]) {
        story.processes.stop(name).await?;
    }
    Ok(())
}

struct Story {
    processes: Processes,
    received: mpsc::Receiver<(String, String)>,
    /// Where the director listens.
    director: String,
}

impl Story {
    fn start_worker(&mut self, label: &str, more: &[(&str, &str)]) -> Result<(), Box<dyn Error>> {
        let own = [("WORKER_LABEL", label), ("WORKER_ADDR", "127.0.0.1:0"), ("DIRECTOR_ADDR", &self.director)];
        self.processes.start(label, "worker", &[&own, more].concat())
    }

    fn start_client(&mut self) -> Result<(), Box<dyn Error>> {
        self.processes.start("client", "client", &[("DIRECTOR_ADDR", &self.director)])
    }

    /// Shows what the processes write, until one writes a certain line.
    async fn until(
        &mut self,
        what: &str,
        mut is_it: impl FnMut(&str, &str) -> bool,
    ) -> Result<(String, String), Box<dyn Error>> {
        let search = async {
            while let Some((name, line)) = self.received.recv().await {
                writeln!(stdout(), "[{name}] {}", line.trim())?;
                if name == "client" && line.contains("ERROR") {
                    return Err(format!("wrong: {name} says {line}").into());
                }
                if is_it(&name, &line) {
                    return Ok((name, line));
                }
            }
            Err("every process has ended".into())
        };
        timeout(PATIENCE, search).await.map_err(|_| format!("wrong: within {PATIENCE:?}, not {what}"))?
    }
}

fn say(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(stdout(), "\n--- {text}")?)
}

const PATIENCE: Duration = Duration::from_secs(30);
