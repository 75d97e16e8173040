use rpcnet::prelude::*;

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
    async fn copy(&self, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
}
