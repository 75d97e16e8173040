use rpcnet::Streaming;

#[rpcnet::service]
pub trait Files {
    async fn upload(&self, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
}
