// A client knows a service by its methods; constants and types of one server are out of its sight.
// Remedy: move them out of the trait, or into another trait that this one extends.

#[rpcnet::service]
pub trait Greeting {
    const LANGUAGE: &'static str;
    type Error;
    methods!();
    async fn greet(&self, name: String) -> Result<String, String>;
}

fn main() {}
