#[rpcnet::service]
pub trait Orders {
    #[cfg(debug_assertions)]
    #[rpc(deadline = "1h")]
    async fn count(&self) -> Result<u64, String>;
    #[cfg(not(debug_assertions))]
    async fn count(&self) -> Result<u64, String>;
}
