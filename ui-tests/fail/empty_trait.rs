// A service without methods can be asked nothing.
// Remedy: write its first method.

#[rpcnet::service]
pub trait Greeting {}

fn main() {}
