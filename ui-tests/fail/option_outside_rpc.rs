// The options of a method stand in `#[rpc(..)]`, so that they cannot be taken for attributes of anything else.
// Remedy: wrap them.

#[rpcnet::service]
pub trait Orders {
    #[idempotent]
    #[deadline = "2s"]
    async fn count(&self) -> Result<u64, String>;
}

fn main() {}
