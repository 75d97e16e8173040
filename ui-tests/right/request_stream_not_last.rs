use rpcnet::prelude::*;

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, name: String, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
}
