// What a stream carries travels, item by item.
// Remedy: derive `Serialize` and `Deserialize` for it.

use rpcnet::prelude::*;

pub struct Tick(u32);

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = Result<Tick, String>>, String>;
}

fn main() {}
