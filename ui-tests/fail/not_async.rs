// A call travels, and its caller waits: so a method is async.
// Remedy: add `async`.

#[rpcnet::service]
pub trait Greeting {
    fn greet(&self, name: String) -> Result<String, String>;
}

fn main() {}
