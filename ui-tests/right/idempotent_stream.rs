use rpcnet::prelude::*;

#[rpcnet::service]
pub trait Files {
    #[rpc(deadline = "1m")]
    async fn upload(&self, name: String, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
    #[rpc(deadline = "1m", idempotent)]
    async fn upload_again(&self, name: String, chunks: Vec<Vec<u8>>) -> Result<u64, String>;
}
