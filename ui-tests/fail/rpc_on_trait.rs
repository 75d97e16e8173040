// `#[rpc(..)]` holds for one method.
// Remedy: move it to the method, or give the service the option that it has.

#[rpcnet::service]
#[rpc(deadline = "2s")]
pub trait Orders {
    async fn count(&self) -> Result<u64, String>;
}

fn main() {}
