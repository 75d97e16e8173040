//! What rust-analyzer is given, which sets an environment variable for the macros that it runs.

use std::process::Command;
use std::{env, io};

#[test]
fn in_an_editor_the_complete_methods_are_there_beside_the_errors() -> io::Result<()> {
    // A test may not set variables of its own process.
    let status = Command::new(env::current_exe()?)
        .env("RUST_ANALYZER_INTERNALS_DO_NOT_USE", "this is unstable")
        .args(["--exact", "--ignored", "as_rust_analyzer"])
        .status()?;
    assert!(status.success(), "{status}");
    Ok(())
}

#[test]
#[ignore = "run by the other test, with the variable that it needs"]
fn as_rust_analyzer() {
    trybuild::TestCases::new().compile_fail("editor/*.rs");
}
