// The value and the error both travel.
// Remedy: derive `Serialize` and `Deserialize` for both.

#[derive(Debug)]
pub struct GreetingError;

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, GreetingError>;
}

fn main() {}
