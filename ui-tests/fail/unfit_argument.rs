// An argument is decoded on the other side, and owned there, by a type that is written out.
// Remedy: name a type that owns what it holds.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: &str) -> Result<(), String>;
    async fn sum(&self, numbers: &[u64]) -> Result<u64, String>;
    async fn print(&self, text: std::borrow::Cow<'_, str>) -> Result<(), String>;
    async fn show(&self, item: impl std::fmt::Display) -> Result<(), String>;
}

fn main() {}
