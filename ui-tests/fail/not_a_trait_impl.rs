// The attribute goes on the trait, which client and server share; the `impl` is the server's alone.
// Remedy: write the attribute on `trait Greeting`, and leave the `impl` without it.

pub trait Greeting {}

pub struct MyGreeting;

#[rpcnet::service]
impl Greeting for MyGreeting {}

fn main() {}
