//! `rpcnet-gen`: writes the expansion of `#[rpcnet::service]` to files.

mod args;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    let is_check = args.check;
    let report = if is_check { args.builder().check() } else { args.builder().write() };
    match report {
        Ok(report) => {
            // Nobody is left to be told of a closed pipe.
            let _ = write!(io::stdout(), "{report}");
            if is_check && !report.is_current() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "Error: {error}");
            ExitCode::FAILURE
        }
    }
}
