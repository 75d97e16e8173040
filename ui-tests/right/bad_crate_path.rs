use rpcnet as network;

#[rpcnet::service(crate = "network")]
pub trait Orders {
    async fn count(&self) -> Result<u64, String>;
}
