// What a call starts with travels before its stream of requests.
// Remedy: make the stream the last argument.

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, chunks: Streaming<Vec<u8>>, name: String) -> Result<u64, String>;
}

fn main() {}
