// `crate` says where this crate finds rpcnet.
// Remedy: write the path as a string: `crate = "my_crate::rpcnet"`.

#[rpcnet::service(crate = "my crate")]
pub trait Orders {
    async fn count(&self) -> Result<u64, String>;
}

fn main() {}
