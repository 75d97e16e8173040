// Options are names, some with a value, parted by commas.
// Remedy: write them as the message shows.

#[rpcnet::service("shop.Orders")]
pub trait Orders {
    #[rpc(deadline "2s")]
    async fn count(&self) -> Result<u64, String>;
    #[rpc]
    async fn total(&self) -> Result<u64, String>;
    #[rpc = "idempotent"]
    async fn first(&self) -> Result<u64, String>;
}

fn main() {}
