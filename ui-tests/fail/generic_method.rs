// Both sides have to know what type travels.
// Remedy: write one method for each type.

#[rpcnet::service]
pub trait Greeting {
    async fn put<T>(&self, value: T) -> Result<(), String>;
    async fn get(&self) -> Result<(), String>
    where
        Self: Sized;
}

fn main() {}
