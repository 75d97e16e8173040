// The server drives a handler's stream as the type that it is: there is nothing to hide and nothing to box.
// Remedy: return `impl Stream`.

#[rpcnet::service]
pub trait Telemetry {
    async fn watch(&self) -> Result<std::pin::Pin<Box<dyn Stream<Item = Result<u32, String>> + Send>>, String>;
    async fn follow(&self) -> Result<Box<dyn Stream<Item = u32>>, String>;
    async fn listen(&self) -> Result<BoxStream<'static, Result<u32, String>>, String>;
}

fn main() {}
