// A response leaves the process, and is decoded by a type that is written out.
// Remedy: name a type that owns what it holds.

#[rpcnet::service]
pub trait Greeting {
    async fn name(&self) -> Result<&str, String>;
    async fn all(&self) -> Result<Vec<std::borrow::Cow<'_, str>>, &'static str>;
    async fn show(&self) -> Result<impl std::fmt::Display, String>;
}

fn main() {}
