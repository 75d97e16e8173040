// A signature is what two programs agree on, so it is written out.
// Remedy: write the type.

#[rpcnet::service]
pub trait Greeting {
    async fn sum(&self, numbers: Vec<_>) -> Result<u64, String>;
}

fn main() {}
