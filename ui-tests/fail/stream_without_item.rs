// A client decodes what a stream carries, and has to know its type.
// Remedy: write `Item = Result<T, E>`.

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self, from: u32) -> Result<impl Stream, String>;
}

fn main() {}
