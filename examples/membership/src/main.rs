//! Five processes that find each other, and notice what happens to one of them.
//!
//! ```text
//! cargo run --release -p membership
//! ```
//!
//! It starts five nodes as processes on this machine and shows what each sees of the others. Then it pauses one for a
//! second, kills one, starts it again at its old address, and lets one leave. It ends by itself, in under a minute;
//! with exit code 0 only if every view was right after every step.

mod board;
mod fleet;
mod node;
mod story;

use std::{error::Error, io::Write, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let result = match arguments.next().as_deref() {
        None => story::tell().await,
        Some("node") => node::run(arguments).await,
        Some(other) => Err(format!("`{other}`: nothing is called that; run it without arguments").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&*error),
    }
}

fn complain(error: &dyn Error) -> ExitCode {
    // There is nobody left to tell if that fails.
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::FAILURE
}
