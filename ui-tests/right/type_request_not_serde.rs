use rpcnet::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Chunk(Vec<u8>);

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, name: String, chunks: Streaming<Chunk>) -> Result<u64, String>;
}
