// A trait has one method of a name, unless `cfg` chooses between two.
// Remedy: choose another name.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
    async fn greet(&self, first: String, last: String) -> Result<String, String>;
}

fn main() {}
