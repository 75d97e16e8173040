//! The smallest rpcnet program.
//!
//! ```text
//! cargo run --release -p greeting             # both halves, in one go
//! cargo run --release -p greeting -- serve    # the server alone
//! cargo run --release -p greeting -- call     # the client alone, in another terminal
//! ```

mod client;
mod server;
mod service;

use std::{
    error::Error,
    io::{self, Write},
    time::Duration,
};

use tokio::signal;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    match std::env::args().nth(1).as_deref() {
        None => {
            let server = server::start("127.0.0.1:0").await?;
            writeln!(out, "serving on {}", server.local_addr())?;
            client::call(server.local_addr(), out).await?;
            server.stop().await;
        }
        Some("serve") => {
            let server = server::start(ADDR).await?;
            writeln!(out, "serving on {}; Ctrl-C stops", server.local_addr())?;
            told_to_stop().await?;
            // Greetings under way are finished; a second signal ends the program at once.
            tokio::select! {
                _ = server.shutdown(Duration::from_secs(30)) => {}
                told = told_to_stop() => told?,
            }
        }
        Some("call") => client::call(ADDR, out).await?,
        Some(other) => {
            return Err(format!("`{other}` is neither `serve` nor `call`; give one of them, or nothing").into());
        }
    }
    Ok(())
}

/// Waits for Ctrl-C, or for what an orchestrator sends.
async fn told_to_stop() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            told = signal::ctrl_c() => told,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}

/// Where the two halves meet when they run in two terminals.
const ADDR: &str = "127.0.0.1:7443";
