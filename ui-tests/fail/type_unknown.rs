// A name that is not in scope is told once.
// Remedy: import it, or spell it right.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: Nmae) -> Result<String, String>;
}

fn main() {}
