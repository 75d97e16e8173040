#[rpcnet::service]
pub trait Orders {
    #[rpc(deadline = "2s")]
    async fn count(&self) -> Result<u64, String>;
}
