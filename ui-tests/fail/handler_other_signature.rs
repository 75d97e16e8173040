// A server implements the methods as the trait has them.
// Remedy: write the types of the trait.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
}

struct MyGreeting;

impl Greeting for MyGreeting {
    async fn greet(&self, name: u32) -> Result<String, String> {
        Ok(name.to_string())
    }
}

fn main() {}
