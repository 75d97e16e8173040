// Options have to be known: a misspelled one would be silently without effect.
// Remedy: use one of those that the message lists.

#[rpcnet::service(nam = "shop.Orders")]
pub trait Orders {
    #[rpc(idempotant, deadline = "2s", retries = 3)]
    async fn count(&self) -> Result<u64, String>;
}

fn main() {}
