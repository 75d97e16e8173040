// Where an alias hides the error of what a stream carries, rustc compares it with the error of the method.
// Remedy: use one error type in both places.

use rpcnet::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub enum WatchError {}

type WatchResult<T> = Result<T, WatchError>;

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = WatchResult<u32>>, String>;
}

fn main() {}
