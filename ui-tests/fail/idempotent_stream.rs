// A call that is idempotent may be sent twice, and a stream of requests is gone once it has been sent.
// Remedy: remove `idempotent`, or take the requests as a `Vec`.

#[rpcnet::service]
pub trait Files {
    #[rpc(deadline = "1m", idempotent)]
    async fn upload(&self, name: String, chunks: Streaming<Vec<u8>>) -> Result<u64, String>;
}

fn main() {}
