// An argument is there on both sides, or on neither.
// Remedy: write the method twice, each under its own `#[cfg(..)]`.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, #[cfg(any())] loudly: bool) -> Result<(), String>;
}

fn main() {}
