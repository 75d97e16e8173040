//! The command line.

use std::path::PathBuf;

use clap::Parser;
use rpcnet_gen::{Builder, Parts};

/// Generate RPC client and server code from service definitions
#[derive(Debug, Parser)]
#[command(name = "rpcnet-gen", version)]
pub(crate) struct Args {
    /// Input .rpc file (Rust source with service traits); may be given several times
    #[arg(short, long, required = true)]
    input: Vec<PathBuf>,

    /// Output directory for generated code: a folder for each service
    #[arg(short, long, default_value = "src/generated")]
    output: PathBuf,

    /// Generate only server code; its types are those of the module that mounts it
    #[arg(long)]
    server_only: bool,

    /// Generate only client code; its types are those of the module that mounts it
    #[arg(long)]
    client_only: bool,

    /// Generate only type definitions
    #[arg(long)]
    types_only: bool,

    /// Write nothing; fail with a diff if the generated code is stale
    #[arg(long)]
    pub(crate) check: bool,
}

impl Args {
    pub(crate) fn builder(self) -> Builder {
        let parts = self.parts();
        let builder = Builder::new().output(self.output).parts(parts);
        self.input.into_iter().fold(builder, Builder::input)
    }

    /// Several of the options together ask for each of those files.
    fn parts(&self) -> Parts {
        let asked = Parts { client: self.client_only, server: self.server_only, types: self.types_only };
        if asked == (Parts { client: false, server: false, types: false }) { Parts::ALL } else { asked }
    }
}
