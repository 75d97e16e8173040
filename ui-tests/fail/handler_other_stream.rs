// The trait says what a stream carries.
// Remedy: write the signature as the trait has it, and yield what it says.

use rpcnet::prelude::*;

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, String>>, String>;
}

struct MyTelemetry;

impl Telemetry for MyTelemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u64, String>>, String> {
        Ok(futures::stream::iter(0..9).map(Ok))
    }
}

fn main() {}
