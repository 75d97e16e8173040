use rpcnet::prelude::*;

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, String>>, String>;
    async fn follow(&self) -> Result<impl Stream<Item = Result<u32, String>>, String>;
    async fn listen(&self) -> Result<impl Stream<Item = Result<u32, String>>, String>;
}
