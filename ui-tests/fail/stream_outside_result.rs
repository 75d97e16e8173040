// A call can fail before its stream starts: it may not reach the server, which may refuse it.
// Remedy: return a `Result` of the stream.

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> impl Stream<Item = Result<u32, String>>;
    async fn follow(&self, from: u32) -> Option<impl Stream<Item = Result<u32, String>>>;
}

fn main() {}
