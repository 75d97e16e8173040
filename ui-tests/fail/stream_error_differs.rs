// A caller matches on one error, whether the call failed before its stream started or after.
// Remedy: write one error type in both places.

#[derive(serde::Serialize, serde::Deserialize)]
pub enum WatchError {}

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = Result<u32, WatchError>>, String>;
}

fn main() {}
