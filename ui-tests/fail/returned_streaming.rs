// `Streaming` is what has arrived from the other side. What a handler returns is a stream of its own making.
// Remedy: return `impl Stream`.

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<Streaming<u32>, String>;
    async fn follow(&self, from: u32) -> Streaming<Result<u32, String>>;
}

fn main() {}
