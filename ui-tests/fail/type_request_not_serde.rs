// What a stream of requests carries travels, item by item.
// Remedy: derive `Serialize` and `Deserialize` for it.

use rpcnet::prelude::*;

pub struct Chunk(Vec<u8>);

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, name: String, chunks: Streaming<Chunk>) -> Result<u64, String>;
}

fn main() {}
