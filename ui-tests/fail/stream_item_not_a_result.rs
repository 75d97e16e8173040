// A stream can fail after it has started: its handler may give up, its connection may go away.
// Remedy: let the stream carry `Result`s.

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = u32>, String>;
    async fn follow(&self, from: u32) -> Result<impl Stream<Item = (u32, f64)>, std::io::Error>;
}

fn main() {}
