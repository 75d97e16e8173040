// A service is what two programs agree on, so it is written as a trait.
// Remedy: write the attribute on the trait, and implement the trait for the struct.

#[rpcnet::service]
pub struct Greeting {
    pub name: String,
}

fn main() {}
