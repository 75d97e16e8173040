//! The processes: started, signalled, and read from.

use std::{collections::BTreeMap, error::Error, process::Stdio};

use rpcnet_cluster::{ClusterKey, ClusterSnapshot, NodeSnapshot};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    sync::mpsc,
};

use crate::node::KEY_VARIABLE;

/// The processes by name. Those that still run when it is dropped are killed.
pub(crate) struct Fleet {
    key: String,
    children: BTreeMap<String, Child>,
    views: mpsc::Sender<ClusterSnapshot>,
}

impl Fleet {
    /// A fleet without processes; what its nodes see arrives at `views`.
    pub(crate) fn new(views: mpsc::Sender<ClusterSnapshot>) -> Result<Self, Box<dyn Error>> {
        Ok(Self { key: ClusterKey::generate()?.to_hex(), children: BTreeMap::new(), views })
    }

    /// Starts a node at ports that the system chooses.
    pub(crate) fn start(&mut self, id: &str, seed: Option<&NodeSnapshot>) -> Result<(), Box<dyn Error>> {
        let seed = seed.map(|seed| seed.addr.to_string());
        self.spawn(id, "127.0.0.1:0".to_owned(), 0, seed)
    }

    /// Starts a node at the ports that it had before.
    pub(crate) fn start_again(&mut self, before: &NodeSnapshot, seed: &NodeSnapshot) -> Result<(), Box<dyn Error>> {
        self.spawn(&before.id, before.addr.to_string(), before.gossip_addr.port(), Some(seed.addr.to_string()))
    }

    fn spawn(&mut self, id: &str, addr: String, gossip: u16, seed: Option<String>) -> Result<(), Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["node", id, &addr, &gossip.to_string()])
            .args(seed)
            .env(KEY_VARIABLE, &self.key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("its output is piped")?;
        tokio::spawn(read(stdout, self.views.clone()));
        self.children.insert(id.to_owned(), child);
        Ok(())
    }

    /// Sends a signal to a node's process.
    pub(crate) fn signal(&self, id: &str, signal: Signal) -> Result<(), Box<dyn Error>> {
        let child = self.children.get(id).ok_or("no such node")?;
        let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).ok_or("it has ended")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for the end of a node's process.
    pub(crate) async fn ended(&mut self, id: &str) -> Result<(), Box<dyn Error>> {
        if let Some(mut child) = self.children.remove(id) {
            child.wait().await?;
        }
        Ok(())
    }
}

async fn read(stdout: ChildStdout, views: mpsc::Sender<ClusterSnapshot>) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(view) = ClusterSnapshot::from_json(&line)
            && views.send(view).await.is_err()
        {
            return;
        }
    }
}
