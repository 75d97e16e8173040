// A name on the wire stands for one set of types, on every machine.
// Remedy: write one trait for each type, or let an enum hold them.

#[rpcnet::service]
pub trait Store<T> {
    async fn get(&self, key: String) -> Result<T, String>;
}

#[rpcnet::service]
pub trait Cache<'a, const SIZE: usize> {
    async fn clear(&self) -> Result<(), String>;
}

fn main() {}
