use rpcnet::prelude::*;

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = Result<u32, String>>, String>;
    async fn upload(&self, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
}
