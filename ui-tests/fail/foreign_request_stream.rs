// A handler reads its requests from the wire: their stream is rpcnet's. What a client sends may be any stream.
// Remedy: take `Streaming<T>`.

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, chunks: impl Stream<Item = Vec<u8>>) -> Result<u64, String>;
    async fn copy(&self, chunks: std::pin::Pin<Box<dyn Stream<Item = Vec<u8>> + Send>>) -> Result<u64, String>;
}

fn main() {}
