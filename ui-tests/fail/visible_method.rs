// The methods of a trait are as visible as the trait.
// Remedy: remove the qualifier.

#[rpcnet::service]
pub trait Greeting {
    /// Greets.
    pub async fn greet(&self, name: String) -> Result<String, String>;
}

fn main() {}
