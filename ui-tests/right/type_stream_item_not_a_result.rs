use rpcnet::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Tick(u32);

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = Result<Tick, String>>, String>;
}
