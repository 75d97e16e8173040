//! The workers' processes: started, signalled, and waited for.

use std::{
    error::Error,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::Stdio,
    time::Duration,
};

use rpcnet_cluster::NodeId;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// The workers. Those that still run when it is dropped are killed.
pub(crate) struct Fleet {
    /// A member that new workers join by.
    seed: String,
    workers: Vec<Process>,
}

struct Process {
    id: NodeId,
    child: Option<Child>,
    /// Where it takes calls, each time that it runs.
    addr: SocketAddr,
}

impl Fleet {
    /// Starts so many workers.
    pub(crate) async fn start(workers: usize, seed: String) -> Result<Self, Box<dyn Error>> {
        let process = |(number, addr)| Ok(Process { id: NodeId::new(&format!("worker-{number}"))?, child: None, addr });
        let workers = (1..=workers).zip(free_addrs()).map(process).collect::<Result<_, Box<dyn Error>>>()?;
        let mut fleet = Self { seed, workers };
        fleet.start_all().await?;
        Ok(fleet)
    }

    pub(crate) fn ids(&self) -> Vec<NodeId> {
        self.workers.iter().map(|worker| worker.id.clone()).collect()
    }

    /// Where a worker takes calls.
    pub(crate) fn addr(&self, worker: usize) -> SocketAddr {
        self.workers[worker].addr
    }

    /// Starts those that do not run, all at once, each where it was before. They take calls when this is done.
    pub(crate) async fn start_all(&mut self) -> Result<(), Box<dyn Error>> {
        for worker in &mut self.workers {
            if worker.child.is_none() {
                worker.spawn(&self.seed)?;
            }
        }
        for worker in &mut self.workers {
            worker.ready().await?;
        }
        Ok(())
    }

    /// Sends a signal to a worker's process.
    pub(crate) fn signal(&self, worker: usize, signal: Signal) -> Result<(), Box<dyn Error>> {
        let child = self.workers[worker].child.as_ref().ok_or("it does not run")?;
        let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).ok_or("it has ended")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for the end of a worker's process.
    pub(crate) async fn ended(&mut self, worker: usize) -> Result<(), Box<dyn Error>> {
        if let Some(mut child) = self.workers[worker].child.take() {
            timeout(PATIENCE, child.wait()).await.map_err(|_| "it does not end")??;
        }
        Ok(())
    }
}

impl Process {
    fn spawn(&mut self, seed: &str) -> Result<(), Box<dyn Error>> {
        let addr = self.addr.to_string();
        let child = Command::new(std::env::current_exe()?)
            .args(["worker", self.id.as_str(), &addr, seed])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until it says that it takes calls, if it was just started.
    async fn ready(&mut self) -> Result<(), Box<dyn Error>> {
        let Some(stdout) = self.child.as_mut().and_then(|child| child.stdout.take()) else { return Ok(()) };
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.map_err(|_| format!("{} does not start", self.id))??;
        line.ok_or_else(|| format!("{} has ended", self.id))?;
        Ok(())
    }
}

/// Addresses for workers that come back to them. Their ports are none of those that systems give to clients, who might
/// have one of them by then.
fn free_addrs() -> impl Iterator<Item = SocketAddr> {
    let from = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap_or(0);
    let addrs = (from..32_000).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    addrs.filter(|addr| UdpSocket::bind(addr).is_ok())
}

const PATIENCE: Duration = Duration::from_secs(20);
