// The generated items have functions and a constant of their own.
// Remedy: rename the method; `rename` keeps its name on the wire.

#[rpcnet::service]
pub trait Greeting {
    async fn new(&self) -> Result<(), String>;
    async fn connect(&self) -> Result<(), String>;
    async fn with_deadline(&self) -> Result<(), String>;
    async fn SERVICE(&self) -> Result<(), String>;
}

fn main() {}
