//! The command line: options for a person, and hidden commands for the children.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::systems::SystemName;

/// Compares rpcnet with tonic and tarpc on this machine.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// Options of a run.
    #[command(flatten)]
    pub(crate) options: Options,
    /// What a child process does; absent for a person.
    #[command(subcommand)]
    pub(crate) child: Option<ChildCommand>,
}

/// Options of a run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Short cells and three rounds: less than two minutes, and rougher figures.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Growth instead of the comparison: from 1 to 1,000 connections, from 64 B to 1 MiB.
    #[arg(long)]
    pub(crate) growth: bool,
    /// Also writes the results to this file, as an array of objects.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Also draws the comparison into this folder, as SVG files.
    #[arg(long, value_name = "DIR")]
    pub(crate) plot: Option<PathBuf>,
    /// Systems to measure; the others are compared with the first.
    #[arg(long, value_delimiter = ',', default_values_t = SystemName::frameworks())]
    pub(crate) systems: Vec<SystemName>,
    /// Payload sizes in bytes.
    #[arg(long, value_delimiter = ',', value_name = "BYTES", default_values_t = [64, 1_024, 16_384])]
    pub(crate) payloads: Vec<usize>,
    /// Calls in flight on one connection.
    #[arg(long, value_delimiter = ',', value_name = "CALLS", default_values_t = [1, 64, 512])]
    pub(crate) in_flight: Vec<usize>,
    /// Parts of the comparison to run.
    #[arg(long, value_delimiter = ',', default_values_t = Part::ALL)]
    pub(crate) parts: Vec<Part>,
    /// Rounds, each of which measures every system once [default: 5, quick: 3].
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// Seconds that a cell is measured in one round [default: 2, quick: 0.28].
    #[arg(long, value_parser = seconds)]
    pub(crate) seconds: Option<Duration>,
    /// Connections held open to weigh an idle one.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) idle_connections: usize,
}

/// A part of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Echo: every payload size at every number of calls in flight.
    Grid,
    /// One call at a time, client and server on a core each.
    Apart,
    /// Handlers that compute, on one and on two server threads.
    Compute,
    /// 1 KiB and 16 KiB with the packets of an Ethernet.
    Mtu,
    /// One stream of small items from the server.
    Stream,
    /// Messages of 1 MiB, each way and both ways.
    Large,
    /// Small calls beside huge messages on the same connection.
    Mixed,
    /// Server memory per idle connection.
    Idle,
}

impl Part {
    const ALL: [Self; 8] =
        [Self::Grid, Self::Apart, Self::Compute, Self::Mtu, Self::Stream, Self::Large, Self::Mixed, Self::Idle];
}

impl std::fmt::Display for Part {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Grid => "grid",
            Self::Apart => "apart",
            Self::Compute => "compute",
            Self::Mtu => "mtu",
            Self::Stream => "stream",
            Self::Large => "large",
            Self::Mixed => "mixed",
            Self::Idle => "idle",
        })
    }
}

impl ChildCommand {
    /// What every child is told.
    pub(crate) fn common(&self) -> &CommonArgs {
        match self {
            Self::Serve(args) => &args.common,
            Self::Load(args) => &args.common,
            Self::Hold(args) => &args.common,
        }
    }
}

/// What a child process does.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ChildCommand {
    /// Serves one system.
    #[command(hide = true)]
    Serve(ServeArgs),
    /// Loads a server and reports.
    #[command(hide = true)]
    Load(LoadArgs),
    /// Holds idle connections open and weighs them.
    #[command(hide = true)]
    Hold(HoldArgs),
}

/// What every child is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct CommonArgs {
    /// Which system.
    #[arg(long)]
    pub(crate) system: SystemName,
    /// Which kind of tokio runtime.
    #[arg(long)]
    pub(crate) flavor: Flavor,
    /// The one core to stay on.
    #[arg(long)]
    pub(crate) core: Option<usize>,
    /// Folder with the PEM files.
    #[arg(long)]
    pub(crate) certificates: PathBuf,
    /// Path MTU, where the system can choose one.
    #[arg(long)]
    pub(crate) mtu: Option<u16>,
    /// What the handlers will be asked for.
    #[arg(long)]
    pub(crate) work: Work,
    /// Bytes of the huge messages that flow each way beside that.
    #[arg(long)]
    pub(crate) flow_bytes: Option<u64>,
}

/// What a client asks for, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Work {
    /// The message back.
    Echo,
    /// Processor time.
    Compute,
    /// A message's length: only the request is large.
    Upload,
    /// A message of some length: only the answer is large.
    Download,
    /// Messages without end, of one call.
    Items,
}

impl Work {
    /// The name on the command line and in tables.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Compute => "compute",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Items => "items",
        }
    }
}

/// A server child.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// What every child is told.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// A client child that calls as fast as it can.
#[derive(Clone, Debug, Args)]
pub(crate) struct LoadArgs {
    /// What every child is told.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Whom to call.
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Connections to spread the calls over.
    #[arg(long)]
    pub(crate) connections: usize,
    /// Calls in flight, all connections together.
    #[arg(long)]
    pub(crate) in_flight: usize,
    /// Bytes in a message's payload.
    #[arg(long)]
    pub(crate) payload_bytes: usize,
    /// Seconds before the measurement starts.
    #[arg(long, value_parser = seconds)]
    pub(crate) warm_up: Duration,
    /// Seconds of measurement.
    #[arg(long, value_parser = seconds)]
    pub(crate) seconds: Duration,
}

/// A client child that only holds connections.
#[derive(Clone, Debug, Args)]
pub(crate) struct HoldArgs {
    /// What every child is told.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Whom to connect to.
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// How many connections.
    #[arg(long)]
    pub(crate) connections: usize,
}

/// The server a client child talks to, and watches.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ServerArgs {
    /// Its address.
    #[arg(long)]
    pub(crate) server: SocketAddr,
    /// Its process id, to read its processor time and memory.
    #[arg(long)]
    pub(crate) server_pid: u32,
}

/// Which tokio runtime a process runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Flavor {
    /// `current_thread`.
    Current,
    /// `multi_thread`, as many workers as cores unless the environment says otherwise.
    Multi,
}

impl Flavor {
    /// The name on the command line and in tables.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Multi => "multi",
        }
    }
}

/// Parses seconds, fractions allowed.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn seconds_may_be_fractions() {
        assert_eq!(seconds("0.4"), Ok(Duration::from_millis(400)));
        assert!(seconds("-1").is_err());
        assert!(seconds("soon").is_err());
    }
}
