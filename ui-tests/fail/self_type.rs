// `Self` is the server, which a client is not.
// Remedy: name a type that both sides know.

#[rpcnet::service]
pub trait Greeting {
    async fn merge(&self, other: Self) -> Result<Self, String>;
}

fn main() {}
