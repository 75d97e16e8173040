use rpcnet::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub enum WatchError {}

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = Result<u32, WatchError>>, WatchError>;
}
