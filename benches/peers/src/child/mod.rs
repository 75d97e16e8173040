//! The child processes: one serves, one loads or holds. They speak to the parent in JSON lines.

mod flow;
mod hold;
mod load;
mod serve;

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use crate::certificates::CertificatePaths;
use crate::cli::{ChildCommand, CommonArgs, Flavor, ServerArgs};
use crate::placement;
use crate::systems::{Setup, System, with_system};

/// A server's only line: it is ready.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Where it listens.
    pub(crate) port: u16,
}

/// What a load child measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoadReport {
    /// Calls that ended within the measurement, or items that arrived in it.
    pub(crate) calls: u64,
    /// How long it was.
    pub(crate) seconds: f64,
    /// How long the calls took; items take no time of their own.
    pub(crate) latency: Option<Latency>,
    /// Payload that flowed in huge messages beside the calls, each way.
    pub(crate) flow_bytes_per_second: Option<f64>,
    /// Processor time of the client process during the measurement.
    pub(crate) client_cpu_us: f64,
    /// Processor time of the server process during the measurement.
    pub(crate) server_cpu_us: f64,
    /// Memory of the server at the end of it.
    pub(crate) server_memory_bytes: u64,
}

/// How long calls took, in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// Half of the calls stayed under it.
    pub(crate) p50_us: f64,
    /// 99% stayed under it.
    pub(crate) p99_us: f64,
    /// 99.9% stayed under it.
    pub(crate) p999_us: f64,
}

/// What a hold child weighed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HoldReport {
    /// By how much the server's memory grew.
    pub(crate) server_bytes: f64,
    /// By how much the client's memory grew.
    pub(crate) client_bytes: f64,
    /// How many were opened in between.
    pub(crate) connections: usize,
}

/// Runs a child's command; its report goes to stdout.
pub(crate) fn run(command: &ChildCommand) -> Result<()> {
    // Before any thread starts: threads inherit where their parent may run.
    if let Some(core) = command.common().core {
        placement::stay_on(core)?;
    }
    exit_with_parent();
    rlimit::increase_nofile_limit(OPEN_FILES_WANTED).context("raising the limit of open files")?;
    match command {
        ChildCommand::Serve(args) => {
            with_system!(args.common.system, S => serve::run::<S>(args))
        }
        ChildCommand::Load(args) => {
            exit_after(args.warm_up + args.seconds + GRACE);
            let runtime = runtime(args.common.flavor, None)?;
            say(&with_system!(args.common.system, S => runtime.block_on(load::run::<S>(args)))?)?;
            std::process::exit(0)
        }
        ChildCommand::Hold(args) => {
            exit_after(GRACE * 2);
            let runtime = runtime(args.common.flavor, None)?;
            say(&with_system!(args.common.system, S => runtime.block_on(hold::run::<S>(args)))?)?;
            std::process::exit(0)
        }
    }
}

/// The runtime asked for; `threads` only counts where there are several.
fn runtime(flavor: Flavor, threads: Option<usize>) -> Result<Runtime> {
    let mut builder = match flavor {
        Flavor::Current => Builder::new_current_thread(),
        Flavor::Multi => Builder::new_multi_thread(),
    };
    if let Some(threads) = threads {
        builder.worker_threads(threads);
    }
    builder.enable_all().build().context("starting tokio")
}

/// Opens connections, some at a time.
async fn connect_many<S: System>(server: &ServerArgs, setup: &Setup, connections: usize) -> Result<Vec<S::Client>> {
    stream::iter(0..connections)
        .map(|_| S::connect(server.server, setup))
        .buffer_unordered(HANDSHAKES_IN_FLIGHT)
        .try_collect()
        .await
}

fn setup(common: &CommonArgs) -> Setup {
    Setup {
        certificates: CertificatePaths::within(&common.certificates),
        mtu: common.mtu,
        work: common.work,
        payload_bytes_max: common.flow_bytes,
    }
}

/// Prints one line of JSON for the parent.
fn say<T: Serialize>(line: &T) -> Result<()> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}

/// Ends this process when the parent closes its stdin, or dies.
fn exit_with_parent() {
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        std::process::exit(0);
    });
}

/// Ends this process if its work hangs: the parent then reports a failure instead of waiting.
fn exit_after(limit: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        eprintln!("nothing finished within {limit:?}");
        std::process::exit(3);
    });
}

const GRACE: Duration = Duration::from_secs(60);
const HANDSHAKES_IN_FLIGHT: usize = 32;
const OPEN_FILES_WANTED: u64 = 16_384;

/// Fails if a reply does not belong to its request.
fn check(sent: (u64, usize), got: (u64, usize)) -> Result<()> {
    if sent != got {
        bail!("sent (id, bytes) {sent:?}, got back {got:?}");
    }
    Ok(())
}
