// A call carries one stream in each direction.
// Remedy: take one stream, of an enum of what the two would carry.

#[rpcnet::service]
pub trait Files {
    async fn merge(&self, left: Streaming<Vec<u8>>, right: Streaming<Vec<u8>>) -> Result<u64, String>;
}

fn main() {}
