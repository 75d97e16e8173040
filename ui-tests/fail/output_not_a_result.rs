// A call can fail, and its caller has to be told.
// Remedy: return a `Result`.

#[rpcnet::service]
pub trait Greeting {
    async fn count(&self) -> u64;
    async fn name(&self) -> String;
    async fn find(&self, name: String) -> Option<Vec<u8>>;
    async fn clear(&self) -> ();
    async fn text(&self) -> &str;
    async fn stop(&self) -> !;
}

fn main() {}
