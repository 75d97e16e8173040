// Streams are not supported yet.
// Remedy: take and return vectors, until they are.

pub struct Streaming<T>(T);
pub trait Stream {
    type Item;
}

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream<Item = Result<u32, String>>, String>;
    async fn upload(&self, chunks: Streaming<Vec<u8>>) -> Result<u32, String>;
}

fn main() {}
