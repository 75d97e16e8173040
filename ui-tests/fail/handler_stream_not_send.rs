// The stream that a handler returns may move from thread to thread, as its future may.
// Remedy: let the stream hold only what can be sent.

use rpcnet::prelude::*;

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, String>>, String>;
}

struct MyTelemetry;

impl Telemetry for MyTelemetry {
    async fn watch(&self) -> Result<impl Stream<Item = Result<u32, String>>, String> {
        let from = std::rc::Rc::new(7);
        Ok(futures::stream::iter(0..9).map(move |tick| Ok(*from + tick)))
    }
}

fn main() {}
