// Two values for one option contradict each other.
// Remedy: keep one.

#[rpcnet::service(name = "shop.Orders", name = "shop.Order")]
pub trait Orders {
    #[rpc(idempotent, deadline = "2s", deadline = "3s")]
    async fn count(&self) -> Result<u64, String>;
    #[rpc(idempotent)]
    #[rpc(idempotent)]
    async fn total(&self) -> Result<u64, String>;
}

fn main() {}
