// One value serves many calls at once, so that no call may have it for itself.
// Remedy: take `&self`, and keep what changes in a `Mutex` or an atomic.

#[rpcnet::service]
pub trait Greeting {
    async fn consume(self) -> Result<(), String>;
    async fn change(&mut self) -> Result<(), String>;
    async fn share(self: std::sync::Arc<Self>) -> Result<(), String>;
    async fn borrow<'a>(&'a self) -> Result<(), String>;
}

fn main() {}
