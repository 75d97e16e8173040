// A call answers with one value or with one stream.
// Remedy: let the stream carry the rest, or offer a method for each.

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self) -> Result<(u32, impl Stream<Item = Result<u32, String>>), String>;
    async fn follow(&self) -> Result<Vec<impl Stream<Item = u32>>, String>;
}

fn main() {}
