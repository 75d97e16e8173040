//! Child processes: spawned from this very binary, ended when their handle is dropped.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;

use super::bench::Bench;
use super::plan::{Arrangement, Cell};
use crate::child::{HoldReport, LoadReport, Ready};
use crate::cli::Flavor;

/// Starts the cell's server, loads it from a second process, ends both.
pub(super) fn measure(
    cell: &Cell,
    arrangement: Arrangement,
    bench: &Bench,
    (warm_up, measure): (Duration, Duration),
) -> Result<LoadReport> {
    let server = ServerChild::start(cell, arrangement, bench)?;
    let mut command = server.client("load", cell, arrangement, bench)?;
    argument(&mut command, "--in-flight", cell.in_flight);
    argument(&mut command, "--payload-bytes", cell.payload_bytes);
    argument(&mut command, "--warm-up", warm_up.as_secs_f64());
    argument(&mut command, "--seconds", measure.as_secs_f64());
    report(command).with_context(|| format!("{}'s client failed", cell.name()))
}

/// Starts the cell's server, holds connections to it from a second process, ends both.
pub(super) fn hold(cell: &Cell, arrangement: Arrangement, bench: &Bench) -> Result<HoldReport> {
    let server = ServerChild::start(cell, arrangement, bench)?;
    let command = server.client("hold", cell, arrangement, bench)?;
    report(command).with_context(|| format!("{}'s idle connections failed", cell.name()))
}

/// A server that is ready; dropping it ends the process.
struct ServerChild {
    process: ChildProcess,
    address: SocketAddr,
}

impl ServerChild {
    /// Starts the cell's server and waits for its port.
    fn start(cell: &Cell, arrangement: Arrangement, bench: &Bench) -> Result<Self> {
        let core = arrangement.placement.server_core(&bench.cores);
        let mut command = command("serve", cell, arrangement.server, core, bench)?;
        if let Some(threads) = cell.server_threads {
            // rpcnet reads the first, tokio by itself the second.
            command.env("RPCNET_SERVER_THREADS", threads.to_string());
            command.env("TOKIO_WORKER_THREADS", threads.to_string());
        }
        let mut process = ChildProcess::spawn(command)?;
        let mut line = String::new();
        BufReader::new(&mut process.stdout).read_line(&mut line).context("reading the server's port")?;
        let ready: Ready = parse(&line).with_context(|| format!("{}'s server failed", cell.name()))?;
        Ok(Self { process, address: SocketAddr::from((Ipv4Addr::LOCALHOST, ready.port)) })
    }

    /// The command for a process that connects to it.
    fn client(&self, task: &str, cell: &Cell, arrangement: Arrangement, bench: &Bench) -> Result<Command> {
        let core = arrangement.placement.client_core(&bench.cores);
        let mut command = command(task, cell, arrangement.client, core, bench)?;
        argument(&mut command, "--server", self.address);
        argument(&mut command, "--server-pid", self.process.child.id());
        argument(&mut command, "--connections", cell.connections);
        Ok(command)
    }
}

fn command(task: &str, cell: &Cell, flavor: Flavor, core: Option<usize>, bench: &Bench) -> Result<Command> {
    let own = std::env::current_exe().context("finding this binary")?;
    let mut command = Command::new(own);
    command.arg(task);
    argument(&mut command, "--system", cell.system);
    argument(&mut command, "--flavor", flavor.as_str());
    command.arg("--certificates").arg(bench.certificates.folder());
    if let Some(core) = core {
        argument(&mut command, "--core", core);
    }
    if let Some(mtu) = cell.mtu {
        argument(&mut command, "--mtu", mtu);
    }
    argument(&mut command, "--work", cell.work.as_str());
    if let Some(bytes) = cell.flow_bytes {
        argument(&mut command, "--flow-bytes", bytes);
    }
    Ok(command)
}

fn argument(command: &mut Command, name: &str, value: impl ToString) {
    command.arg(name).arg(value.to_string());
}

/// Runs a child to its end and reads its report.
fn report<T: DeserializeOwned>(command: Command) -> Result<T> {
    let mut process = ChildProcess::spawn(command)?;
    let mut output = String::new();
    process.stdout.read_to_string(&mut output)?;
    let status = process.child.wait()?;
    ensure!(status.success(), "ended with {status}");
    parse(&output)
}

fn parse<T: DeserializeOwned>(line: &str) -> Result<T> {
    ensure!(!line.is_empty(), "ended without a word; its reason stands above");
    serde_json::from_str(line).with_context(|| format!("not a report: {line}"))
}

/// One process of ours, with pipes to it.
struct ChildProcess {
    child: Child,
    stdout: ChildStdout,
}

impl ChildProcess {
    fn spawn(mut command: Command) -> Result<Self> {
        // A piped stdin, held open by `child`, tells the child that the parent lives.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("spawning a child process")?;
        let stdout = child.stdout.take().context("the child has no stdout")?;
        Ok(Self { child, stdout })
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // Neither can fail but for a child that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
