//! Files over rpcnet.
//!
//! ```text
//! cargo run --release -p file-transfer                       # everything, in one go
//! cargo run --release -p file-transfer -- serve DIR          # a server
//! cargo run --release -p file-transfer -- upload FILE ADDR   # in another terminal
//! cargo run --release -p file-transfer -- download NAME ADDR
//! ```

mod client;
mod demo;
mod partial;
mod progress;
mod server;
mod service;
#[cfg(test)]
mod tests;

use std::{error::Error, io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Files over rpcnet. Without a command: a demonstration, in a folder of its own.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the files of a folder.
    Serve {
        /// The folder; made if it does not exist.
        dir: PathBuf,
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:7444")]
        addr: String,
    },
    /// Uploads a file; goes on where an earlier upload was cut.
    Upload {
        /// The file.
        file: PathBuf,
        /// The server's address.
        addr: String,
    },
    /// Downloads a file; goes on where an earlier download was cut.
    Download {
        /// Its name on the server.
        name: String,
        /// The server's address.
        addr: String,
        /// Where to put it.
        #[arg(long, default_value = ".")]
        into: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Option<Command>) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    match command {
        None => demo::run(&mut out).await,
        Some(Command::Serve { dir, addr }) => {
            let server = server::start(&dir, &addr).await?;
            writeln!(out, "serving {} on {}; Ctrl-C stops", dir.display(), server.local_addr())?;
            tokio::signal::ctrl_c().await?;
            server.stop().await;
            Ok(())
        }
        Some(Command::Upload { file, addr }) => client::upload(&client::connect(addr).await?, &file, None).await,
        Some(Command::Download { name, addr, into }) => {
            client::download(&client::connect(addr).await?, &name, &into, None).await
        }
    }
}
