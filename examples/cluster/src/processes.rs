//! The processes: started, killed, and read from.

use std::{collections::BTreeMap, error::Error, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    sync::mpsc,
};

use crate::ATTACHED;

/// The processes by name. Those that still run when it is dropped are killed; if even that can't be, their input ends.
pub(crate) struct Processes {
    children: BTreeMap<String, Child>,
    lines: mpsc::Sender<(String, String)>,
}

impl Processes {
    /// No process; what each writes arrives at `lines`, with its name.
    pub(crate) fn new(lines: mpsc::Sender<(String, String)>) -> Self {
        Self { children: BTreeMap::new(), lines }
    }

    /// Starts this program in a role.
    pub(crate) fn start(&mut self, name: &str, role: &str, variables: &[(&str, &str)]) -> Result<(), Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([role, ATTACHED])
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("its output is piped")?;
        tokio::spawn(read(name.to_owned(), stdout, self.lines.clone()));
        self.children.insert(name.to_owned(), child);
        Ok(())
    }

    /// Kills a process: it can't say goodbye to anybody.
    pub(crate) async fn kill(&mut self, name: &str) -> Result<(), Box<dyn Error>> {
        Ok(self.children.remove(name).ok_or("no such process")?.kill().await?)
    }

    /// Asks a process to end, and waits until it has.
    ///
    /// # Errors
    ///
    /// It ended with a failure.
    pub(crate) async fn stop(&mut self, name: &str) -> Result<(), Box<dyn Error>> {
        let mut child = self.children.remove(name).ok_or("no such process")?;
        drop(child.stdin.take());
        let status = child.wait().await?;
        if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}").into()) }
    }
}

async fn read(name: String, stdout: ChildStdout, lines: mpsc::Sender<(String, String)>) {
    let mut read = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = read.next_line().await {
        if lines.send((name.clone(), line)).await.is_err() {
            return;
        }
    }
}
