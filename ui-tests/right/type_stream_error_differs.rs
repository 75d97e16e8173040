use rpcnet::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub enum WatchError {}

type WatchResult<T> = Result<T, WatchError>;

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> WatchResult<impl Stream<Item = WatchResult<u32>>>;
}
