use rpcnet::prelude::*;

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, requests: Streaming<Vec<u8>>) -> Result<u64, String>;
    async fn copy(&self, requests: Streaming<u8>) -> Result<u64, String>;
}
