//! A director, workers and a client, each a process: a stream of tokens outlives the worker that it comes from.
//!
//! ```text
//! cargo run --release -p cluster    # all of them, in one go: workers are killed, and nothing is lost
//! ```
//!
//! Or each in a terminal of its own:
//!
//! ```text
//! cargo run --release -p cluster -- director
//! WORKER_LABEL=worker-a WORKER_ADDR=127.0.0.1:62001 cargo run --release -p cluster -- worker
//! WORKER_LABEL=worker-b WORKER_ADDR=127.0.0.1:62002 WORKER_FAILURE_ENABLED=true cargo run --release -p cluster -- worker
//! cargo run --release -p cluster -- client
//! ```
//!
//! Workers find the director by gossip, and it finds them. The client streams twice: first from a worker that the
//! director has assigned, over a connection of its own, then through the director, which calls whichever worker it likes.
//! When a worker is lost in the middle of a stream, whoever reads it goes on with another one, from the next token.
//!
//! | variable | for | default |
//! |---|---|---|
//! | `DIRECTOR_ADDR` | where the director listens, and where the others look for it | `127.0.0.1:61000` |
//! | `WORKER_LABEL` | a worker's name, different for each | `worker-1` |
//! | `WORKER_ADDR` | where a worker listens | `127.0.0.1:62001` |
//! | `WORKER_FAILURE_ENABLED` | `true`: the worker fails every 18 seconds, for 5 seconds | `false` |
//! | `WORKER_FAILURE_SECONDS` | how long it works, warns and fails | `10,3,5` |
//! | `RUST_LOG` | what is logged, such as `debug` or `info,rpcnet_cluster=debug` | `info` |

mod client;
mod direct;
mod director;
mod failure;
mod processes;
mod relay;
mod service;
mod settings;
mod story;
mod tokens;
mod worker;

use std::{error::Error, io, process::ExitCode};

use tokio::{
    io::AsyncReadExt,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).without_time().with_target(false).with_ansi(false).init();
    let mut arguments = std::env::args().skip(1);
    let (role, attached) = (arguments.next(), arguments.next().as_deref() == Some(ATTACHED));
    match run(role.as_deref(), attached).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(role: Option<&str>, attached: bool) -> Result<(), Box<dyn Error>> {
    match role {
        None => story::tell().await,
        Some("director") => director::run(&Settings::from_env()?, told_to_stop(attached)).await,
        Some("worker") => worker::run(&Settings::from_env()?, told_to_stop(attached)).await,
        Some("client") => client::run(&Settings::from_env()?).await,
        Some(other) => {
            Err(format!("`{other}` is none of `director`, `worker` and `client`; give one of them, or nothing").into())
        }
    }
}

/// Waits for Ctrl-C, for what an orchestrator sends, or for the end of whoever started this process.
async fn told_to_stop(attached: bool) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut parent = tokio::io::stdin();
    tokio::select! {
        told = tokio::signal::ctrl_c() => told,
        _ = terminate.recv() => Ok(()),
        _ = parent.read_u8(), if attached => Ok(()),
    }
}

/// The argument that makes the end of its input end a process.
const ATTACHED: &str = "attached";
