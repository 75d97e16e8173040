// A server tells methods apart by their names on the wire.
// Remedy: rename one of them otherwise.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
    #[rpc(rename = "greet")]
    async fn welcome(&self, name: String) -> Result<String, String>;
}

fn main() {}
