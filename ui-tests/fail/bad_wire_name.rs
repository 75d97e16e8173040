// Names on the wire are also read by people and typed into tools.
// Remedy: keep to letters, digits, `_` and `-`, with dots between the parts of a service's name.

#[rpcnet::service(name = "shop orders")]
pub trait Orders {
    #[rpc(rename = "orders.count")]
    async fn count(&self) -> Result<u64, String>;
    #[rpc(rename = "")]
    async fn total(&self) -> Result<u64, String>;
}

fn main() {}
