#[rpcnet::service]
pub trait Orders {
    #[rpc(idempotent, deadline = "2s")]
    async fn count(&self) -> Result<u64, String>;
}
