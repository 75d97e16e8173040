use rpcnet::{prelude::*, stream};

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, String>>, String>;
}

struct MyTelemetry;

impl Telemetry for MyTelemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, String>>, String> {
        let from = std::sync::Arc::new(7);
        Ok(stream::iter(0..9).map(move |tick| Ok(*from + tick)))
    }
}
