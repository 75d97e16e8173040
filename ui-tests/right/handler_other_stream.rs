use rpcnet::{prelude::*, stream};

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, String>>, String>;
}

struct MyTelemetry;

impl Telemetry for MyTelemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, String>>, String> {
        Ok(stream::iter(0..9).map(Ok))
    }
}
