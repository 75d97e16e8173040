// Whether a stream carries a `Result` under another name is told by rustc.
// Remedy: let the stream carry `Result`s, or an alias of one.

use rpcnet::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Tick(u32);

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = Tick>, String>;
}

fn main() {}
