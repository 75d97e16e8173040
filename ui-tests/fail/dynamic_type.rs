// The receiving side has to know what it decodes.
// Remedy: name a type, such as an enum of the cases.

#[rpcnet::service]
pub trait Greeting {
    async fn load(&self, shape: Box<dyn std::any::Any>) -> Result<(), Box<dyn std::error::Error>>;
}

fn main() {}
