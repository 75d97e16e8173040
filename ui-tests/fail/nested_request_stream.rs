// A stream of requests is a part of the call, and not of a value that is decoded.
// Remedy: make it an argument of its own, the last one.

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, chunks: Option<Streaming<Vec<u8>>>) -> Result<u64, String>;
    async fn copy(&self, all: Streaming<Streaming<u8>>) -> Result<u64, String>;
}

fn main() {}
