//! Measures rpcnet, tonic and tarpc side by side: server and client as two processes on loopback,
//! systems interleaved in rounds, medians and ratios. README.md says what, how and why.

mod certificates;
mod child;
mod cli;
mod message;
mod parent;
mod placement;
mod probe;
mod systems;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let result = match &cli.child {
        Some(command) => child::run(command),
        None => parent::run(&cli.options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Without the backtrace that returning the error would print: the chain says it.
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
