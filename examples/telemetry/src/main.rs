//! Calls of every shape, and streams that are cut.
//!
//! ```text
//! cargo run --release -p telemetry             # both halves, in one go
//! cargo run --release -p telemetry -- serve    # the server alone
//! cargo run --release -p telemetry -- call     # the client alone, in another terminal
//! ```

mod client;
mod failures;
mod server;
mod service;

use std::{error::Error, io::Write};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    match std::env::args().nth(1).as_deref() {
        None => {
            let server = server::start("127.0.0.1:0").await?;
            writeln!(out, "serving on {}", server.local_addr())?;
            let client = client::connect(server.local_addr()).await?;
            client::call(&client, &mut out).await?;
            failures::provoke(&client, &server, &mut out).await?;
        }
        Some("serve") => {
            let server = server::start(ADDR).await?;
            writeln!(out, "serving on {}; Ctrl-C stops", server.local_addr())?;
            tokio::signal::ctrl_c().await?;
            server.stop().await;
        }
        Some("call") => client::call(&client::connect(ADDR).await?, &mut out).await?,
        Some(other) => {
            return Err(format!("`{other}` is neither `serve` nor `call`; give one of them, or nothing").into());
        }
    }
    Ok(())
}

/// Where the two halves meet when they run in two terminals.
const ADDR: &str = "127.0.0.1:7443";
