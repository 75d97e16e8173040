// A call can fail, and its caller has to be told.
// Remedy: return a `Result`, with `()` if there is nothing to say.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String);
}

fn main() {}
