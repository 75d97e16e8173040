// Some options take a string, the others take nothing.
// Remedy: write the value as the message shows.

#[rpcnet::service(name)]
pub trait Orders {
    #[rpc(deadline = 250)]
    async fn count(&self) -> Result<u64, String>;
    #[rpc(deadline("2s"))]
    async fn total(&self) -> Result<u64, String>;
    #[rpc(idempotent = true)]
    async fn first(&self) -> Result<u64, String>;
    #[rpc(no_cancel(never))]
    async fn last(&self) -> Result<u64, String>;
    #[rpc(rename = lastOrder)]
    async fn next(&self) -> Result<u64, String>;
}

fn main() {}
