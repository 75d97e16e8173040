// A method of a service is a plain `async fn`: `const`, `unsafe` and `extern` say nothing about a call that travels.
// Remedy: remove the qualifier.

#[rpcnet::service]
pub trait Greeting {
    async unsafe fn greet(&self, name: String) -> Result<String, String>;
    async extern "C" fn wave(&self) -> Result<(), String>;
    const async fn name(&self) -> Result<String, String>;
    async fn sum(&self, numbers: ...) -> Result<u64, String>;
}

fn main() {}
