//! The server child: starts one system's server, says its port, serves until it is ended.

use std::future::pending;

use anyhow::Result;

use super::{Ready, runtime, say, setup};
use crate::cli::ServeArgs;
use crate::systems::System;

/// Serves until the process ends.
pub(super) fn run<S: System>(args: &ServeArgs) -> Result<()> {
    let runtime = runtime(args.common.flavor, S::server_threads())?;
    runtime.block_on(async {
        let address = S::serve(&setup(&args.common)).await?;
        say(&Ready { port: address.port() })?;
        pending().await
    })
}
