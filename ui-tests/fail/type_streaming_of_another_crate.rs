// A stream of requests is known by its name, `Streaming`, and has to be rpcnet's.
// Remedy: import `rpcnet::Streaming`, or give the other type another name.

pub struct Streaming<T>(T);

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
}

fn main() {}
